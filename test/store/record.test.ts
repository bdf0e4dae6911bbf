import { describe, expect, it } from "bun:test";
import { decodeUtf8, encodeUtf8, isOciError } from "../../src/core/base/mod.ts";
import { encodeImageIndex, mediaTypes, parseManifest } from "../../src/core/spec/mod.ts";
import { featuresKey } from "../../src/core/store/features.ts";
import { decodeList, encodeList, encodeRemoval, type StoredList } from "../../src/core/store/list-record.ts";
import { decodeShelf, encodeShelf } from "../../src/core/store/name-record.ts";
import { sealRecord, unsealRecord } from "../../src/core/store/record.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { emptyState, entryOf, withEntry } from "./sample.ts";

const { hash } = memoryHost();
const id = "ab".repeat(32);
const stamp = { generation: 7, nonce: "x" };
const path = "/lists/7.json";

function generation(bytes: ReturnType<typeof encodeList>) {
  return { number: 7, path, bytes };
}

function listOf(state: Partial<StoredList> = {}): StoredList {
  return { id, name: "localhost/app:latest", created: 1, modified: 2, ...emptyState, ...state };
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return isOciError(error) ? error.code : String(error);
  }
}

describe("encodeList()", () => {
  it("keeps everything, members nobody knows included", () => {
    const text = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[{"mediaType":"a/b","digest":"${entryOf(1).digest}","size":1,"x-more":[1.50,"é"]}],"annotations":{"__proto__":"<&>","10":"b"},"x-own":{"b":1,"a":12345678901234567890}}`;
    const index = parseManifest(encodeUtf8(text));
    if (!("manifests" in index)) throw new Error("expected an index");
    const list = listOf({
      index,
      sources: {
        [entryOf(1).digest]: { location: "oci:/x", kept: "manifest" },
        [entryOf(2).digest]: { location: "files", kept: "all", files: ["/a", "/b c"] },
      },
      features: { [featuresKey(entryOf(1))]: ["sse4"] },
    });
    expect(decodeList(hash, id, generation(encodeList(hash, list, stamp)))).toEqual(list);
  });

  it("writes the index as it would be pushed, in a line of its own", () => {
    const lines = decodeUtf8(encodeList(hash, listOf(), stamp), "record").split("\n");
    expect(lines[2]).toBe(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ version: 3, id, generation: 7 });
  });

  it("refuses what could not be read back", () => {
    const index = { ...emptyState.index, annotations: { long: "x".repeat(2 ** 22) } };
    expect(() => encodeList(hash, listOf({ index }), stamp)).toThrow("more than 4 MiB");
    const broken = { ...emptyState.index, manifests: [{ ...entryOf(1), size: -1 }] };
    expect(() => encodeList(hash, listOf({ index: broken }), stamp)).toThrow('Cannot read the new index of list "localhost/app:latest" at manifests.0.size');
    expect(() => encodeList(hash, listOf({ created: Number.NaN }), stamp)).toThrow('Cannot read the new record of list "localhost/app:latest" at created');
  });
});

describe("decodeList()", () => {
  it("finds any changed, missing or added byte", () => {
    const bytes = encodeList(hash, listOf(withEntry(emptyState, 1)), stamp);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect([at, codeOf(() => decodeList(hash, id, generation(flipped)))]).toEqual([at, "DAMAGED"]);
      expect([at, codeOf(() => decodeList(hash, id, generation(bytes.slice(0, at))))]).toEqual([at, "DAMAGED"]);
    }
    expect(codeOf(() => decodeList(hash, id, generation(new Uint8Array([...bytes, 10]))))).toBe("DAMAGED");
  });

  it("reads version 1 of the format, where features stood by digest alone and were those of every entry that has it", () => {
    const [first, second] = [entryOf(1), { ...entryOf(1), platform: { architecture: "arm", variant: "7", os: "Linux" } }];
    const index = { ...emptyState.index, manifests: [first, second, entryOf(2)] };
    const facts = `{"version":1,"id":"${id}","generation":7,"nonce":"x","name":"localhost/app:latest","created":1,"modified":2,"sources":{},"features":{"${first.digest}":["sse4"]}}`;
    const list = decodeList(hash, id, generation(sealRecord(hash, [encodeUtf8(facts), encodeImageIndex(index)])));
    expect(list).toEqual(listOf({ index, features: { [`${first.digest} linux/arm64`]: ["sse4"], [`${first.digest} linux/arm/v7`]: ["sse4"] } }));
  });

  it("reads version 2 of the format, where a source said that its manifest is stored", () => {
    const entry = entryOf(1);
    const facts = `{"version":2,"id":"${id}","generation":7,"nonce":"x","name":"localhost/app:latest","created":1,"modified":2,"sources":{"${entry.digest}":{"location":"oci:/x","stored":true}},"features":{}}`;
    const { index } = withEntry(emptyState, 1);
    const list = decodeList(hash, id, generation(sealRecord(hash, [encodeUtf8(facts), encodeImageIndex(index)])));
    expect(list).toEqual(listOf({ index, sources: { [entry.digest]: { location: "oci:/x", kept: "manifest" } } }));
  });

  it("refuses the record of another list or generation", () => {
    const bytes = encodeList(hash, listOf(), stamp);
    expect(codeOf(() => decodeList(hash, "cd".repeat(32), generation(bytes)))).toBe("DAMAGED");
    expect(codeOf(() => decodeList(hash, id, { number: 8, path, bytes }))).toBe("DAMAGED");
  });
});

describe("encodeRemoval()", () => {
  it("says that a list was removed, and of which name it was; any changed byte is damage", () => {
    const bytes = encodeRemoval(hash, listOf(), stamp);
    expect(decodeList(hash, id, generation(bytes))).toEqual({ id, name: "localhost/app:latest", removed: true });
    expect(codeOf(() => decodeList(hash, id, { number: 8, path, bytes }))).toBe("DAMAGED");
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect([at, codeOf(() => decodeList(hash, id, generation(flipped)))]).toEqual([at, "DAMAGED"]);
    }
  });
});

describe("decodeShelf()", () => {
  it("reads version 1 of the format", () => {
    const facts = `{"version":1,"shelf":"abc","generation":7,"nonce":"x","names":{"localhost/app:latest":"${id}"},"nameless":[]}`;
    expect(decodeShelf(hash, "abc", generation(sealRecord(hash, [encodeUtf8(facts)])))).toEqual({ names: { "localhost/app:latest": id }, nameless: [] });
  });

  it("returns what was encoded, and refuses another shelf's record", () => {
    const shelf = { names: { "localhost/app:latest": id }, nameless: ["cd".repeat(32)] };
    const bytes = encodeShelf(hash, "abc", shelf, stamp);
    expect(decodeShelf(hash, "abc", generation(bytes))).toEqual(shelf);
    expect(codeOf(() => decodeShelf(hash, "abd", generation(bytes)))).toBe("DAMAGED");
  });
});

describe("unsealRecord()", () => {
  it("tells a later version from damage", () => {
    const bytes = sealRecord(hash, [encodeUtf8('{"version":4}')]);
    expect(() => unsealRecord(hash, bytes, path)).toThrow('Cannot read record "/lists/7.json": it has version 4 of the format, this program knows 1 to 3');
    expect(codeOf(() => unsealRecord(hash, bytes, path))).toBe("UNSUPPORTED");
  });

  it.each(["", "\n", "{}\n", "[]\n{}\n", "\u0000\u0001\u0002"])("reports %j as damage", (text) => {
    expect(codeOf(() => unsealRecord(hash, encodeUtf8(text), path))).toBe("DAMAGED");
  });
});
