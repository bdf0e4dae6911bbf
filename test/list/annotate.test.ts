import { describe, expect, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import {
  addToList,
  annotateList,
  annotateListEntries,
  createList,
  inspectList,
  parseLevelAnnotations,
  readAnnotationFile,
  removeFromList,
} from "../../src/core/list/mod.ts";
import { parsePlatform } from "../../src/core/spec/mod.ts";
import { entryIn, entryOf, failureOf, fillSource, indexOfList, openDesk, putImage, putIndex } from "../helper/lists.ts";

/** Opens a desk with a list `app` of amd64, arm64/v8 and amd64's attestation. */
async function open(options?: Parameters<typeof openDesk>[0]) {
  const desk = openDesk(options);
  const source = await fillSource(desk.host);
  await createList(desk.lists, "app", { images: ["oci:/src:multi"], all: true });
  return { ...desk, ...source, index: () => indexOfList(desk.lists, "app") };
}

describe("an entry", () => {
  it("is found by digest, by six digits of it, by platform, by image name", async () => {
    const { lists, arm64, index } = await open();
    const { digest } = arm64.descriptor;
    const names = [digest, digest.slice(7, 13), digest.slice(0, 20), digest.slice(7), "linux/arm64", "linux/arm64/v8", "linux/aarch64", "oci:/src:arm64"];
    for (const [at, name] of names.entries()) {
      const { entries } = await annotateListEntries(lists, "app", [name], { annotations: { [`key${at}`]: name } });
      expect(entries).toEqual([digest]);
    }
    expect(Object.values(entryIn(await index(), arm64).annotations ?? {})).toEqual(names);
  });

  it("is found by the name of a multi-arch image that it is part of, when only one is", async () => {
    const { host, lists, arm64, riscv64 } = await open();
    await putIndex(host, "oci:/src:others", { manifests: [entryOf(arm64, "linux/arm64"), entryOf(riscv64, "linux/riscv64")] });
    expect((await annotateListEntries(lists, "app", ["oci:/src:others"], {})).entries).toEqual([arm64.descriptor.digest]);
    expect((await failureOf(annotateListEntries(lists, "app", ["oci:/src:multi"], {}))).code).toBe("INVALID");
  });

  it("is not found by five digits", async () => {
    const { lists, arm64 } = await open();
    expect((await failureOf(annotateListEntries(lists, "app", [arm64.descriptor.digest.slice(7, 12)], {}))).code).toBe("NOT_FOUND");
  });

  it("that several match is an error that lists them", async () => {
    const { lists, amd64, arm64 } = await open();
    await annotateListEntries(lists, "app", ["linux/arm64"], { platform: { architecture: "amd64", variant: "" } });
    const failure = await failureOf(annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { a: "1" } }));
    expect(failure.code).toBe("INVALID");
    for (const image of [amd64, arm64]) expect(failure.message).toContain(image.descriptor.digest);
  });

  it("that is unknown is an error that names the entries there are", async () => {
    const { lists, amd64, arm64 } = await open();
    for (const task of [() => annotateListEntries(lists, "app", ["linux/s390x"], {}), () => removeFromList(lists, "app", ["linux/s390x"])]) {
      const failure = await failureOf(task());
      expect([failure.code, failure.message]).toEqual(["NOT_FOUND", expect.stringContaining('Cannot find entry "linux/s390x"')]);
      expect(failure.message).toContain(`${amd64.descriptor.digest} (linux/amd64)`);
      expect(failure.message).toContain(`${arm64.descriptor.digest} (linux/arm64/v8)`);
    }
  });

  it("given by the name of an image that cannot be read says why", async () => {
    const { lists } = await open();
    expect((await failureOf(annotateListEntries(lists, "app", ["oci:/src:none"], {}))).message).toContain('Cannot find entry "oci:/src:none" in the list:');
  });
});

describe("annotateListEntries()", () => {
  it("changes several entries at once and tells their digests", async () => {
    const { lists, amd64, arm64, index } = await open();
    const { entries } = await annotateListEntries(lists, "app", ["linux/arm64", "linux/amd64"], { annotations: { a: "1" } });
    expect(entries).toEqual([arm64, amd64].map(({ descriptor }) => descriptor.digest));
    expect((await index()).manifests.map(({ annotations }) => annotations?.a)).toEqual(["1", "1", undefined]);
  });

  it("changes nothing when one of the entries is unknown", async () => {
    const { lists, index } = await open();
    const before = await index();
    await failureOf(annotateListEntries(lists, "app", ["linux/arm64", "linux/s390x"], { annotations: { a: "1" } }));
    expect(await index()).toEqual(before);
  });

  it("merges annotations key by key and takes out the ones to unset", async () => {
    const { lists, amd64, index } = await open();
    await annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { a: "1", b: "2" } });
    await annotateListEntries(lists, "app", ["linux/amd64"], { annotations: { a: undefined, b: "3", from: undefined } });
    expect(entryIn(await index(), amd64).annotations).toEqual({ b: "3" });
  });

  it("sets every member of the platform", async () => {
    const { lists, amd64, index } = await open();
    const platform = { os: "plan9", architecture: "arm", variant: "v7", "os.version": "1.2.3", "os.features": ["one", "two"] };
    await annotateListEntries(lists, "app", ["linux/amd64"], { platform });
    expect(entryIn(await index(), amd64).platform).toEqual(platform);
  });

  for (const field of ["variant", "os.version", "os.features", "platform", "artifactType", "annotations"] as const) {
    it(`takes out ${field}`, async () => {
      const { lists, amd64, index } = await open();
      await annotateListEntries(lists, "app", ["linux/amd64"], {
        annotations: { a: "1" },
        artifactType: "application/x",
        platform: { variant: "v1", "os.version": "1", "os.features": ["x"] },
      });
      const before = entryIn(await index(), amd64);
      const has = (entry: typeof before) => field in entry || field in (entry.platform ?? {});
      expect(has(before)).toBe(true);
      await annotateListEntries(lists, "app", [amd64.descriptor.digest], { unset: [field] });
      const after = entryIn(await index(), amd64);
      expect(has(after)).toBe(false);
      expect(Object.keys(after).length + Object.keys(after.platform ?? {}).length).toBeLessThan(
        Object.keys(before).length + Object.keys(before.platform ?? {}).length,
      );
    });
  }

  it("sets annotations of the index and of other entries beside it", async () => {
    const { lists, amd64, arm64, index } = await open();
    await annotateListEntries(lists, "app", ["linux/amd64"], {
      annotations: { a: "1" },
      indexAnnotations: { i: "1" },
      entryAnnotations: [{ platform: parsePlatform("linux/arm64"), annotations: { e: "1" } }],
    });
    const after = await index();
    expect([after.annotations, entryIn(after, amd64).annotations, entryIn(after, arm64).annotations]).toEqual([
      { i: "1" },
      { a: "1", from: "source" },
      { e: "1" },
    ]);
  });

  it("wants an entry", async () => {
    const { lists } = await open();
    expect((await failureOf(annotateListEntries(lists, "app", [], {}))).code).toBe("INVALID");
  });

  it("refuses a platform of a level that no image has", async () => {
    const { lists } = await open();
    const entryAnnotations = [{ platform: parsePlatform("linux/s390x"), annotations: { e: "1" } }];
    expect((await failureOf(annotateListEntries(lists, "app", ["linux/amd64"], { entryAnnotations }))).message).toContain("Cannot annotate linux/s390x");
  });
});

describe("annotateList()", () => {
  it("merges annotations of the index, takes out the ones to unset, and touches no entry", async () => {
    const { lists, index } = await open();
    const { manifests } = await index();
    await annotateList(lists, "app", { annotations: { a: "1", b: "2" } });
    const { entries } = await annotateList(lists, "app", { annotations: { a: undefined, c: "" } });
    expect(entries).toEqual([]);
    expect(await index()).toMatchObject({ annotations: { b: "2", c: "" }, manifests });
  });

  it("keeps __proto__, 10 and other odd keys, and sorts them as bytes", async () => {
    const { lists } = await open();
    const annotations = Object.fromEntries(["__proto__", "10", "9", "constructor", "😀", "\uffee", "Z"].map((key) => [key, "v"]));
    await annotateList(lists, "app", { annotations });
    const { document } = await inspectList(lists, "app");
    expect(new TextDecoder().decode(document.bytes)).toContain(
      '"annotations":{"10":"v","9":"v","Z":"v","__proto__":"v","constructor":"v","\uffee":"v","😀":"v"}',
    );
  });

  it("sets the subject: type, digest and size of what is named", async () => {
    const { lists, arm64, index } = await open();
    await annotateList(lists, "app", { subject: "oci:/src:arm64" });
    const { mediaType, digest, size } = arm64.descriptor;
    expect((await index()).subject).toEqual({ mediaType, digest, size });
    await annotateList(lists, "app", { unset: ["subject"] });
    expect((await index()).subject).toBeUndefined();
  });

  it("sets the subject with the type of an artifact, which only its manifest tells", async () => {
    const { host, lists, index } = await open();
    const artifact = await putImage(host, "oci:/src:artifact", { artifactType: "application/x" });
    await annotateList(lists, "app", { subject: "oci:/src:artifact" });
    expect((await index()).subject).toEqual({ ...artifact.descriptor, artifactType: "application/x" });
  });

  it("changes nothing when the subject cannot be found", async () => {
    const { lists, index } = await open();
    expect((await failureOf(annotateList(lists, "app", { subject: "oci:/src:none", annotations: { a: "1" } }))).code).toBe("NOT_FOUND");
    expect((await index()).annotations).toBeUndefined();
  });

  it("sets and takes out artifactType and annotations", async () => {
    const { lists, index } = await open();
    await annotateList(lists, "app", { artifactType: "application/x", annotations: { a: "1" } });
    expect(await index()).toMatchObject({ artifactType: "application/x", annotations: { a: "1" } });
    await annotateList(lists, "app", { unset: ["artifactType", "annotations"] });
    expect(Object.keys(await index()).sort()).toEqual(["manifests", "mediaType", "schemaVersion"]);
  });

  it("keeps ID and names of the list", async () => {
    const { lists } = await open();
    const before = await lists.store.find("app");
    const { id, names } = await annotateList(lists, "app", { annotations: { a: "1" } });
    expect([id, names]).toEqual([before?.id ?? "", ["localhost/app:latest"]]);
  });
});

describe("a key in org.opencontainers. outside the specification", () => {
  const odd = { "org.opencontainers.image.licence": "MIT" };

  it("gets a warning in every verb and at every level, and is set", async () => {
    const { lists, warnings, index } = await open();
    const verbs = [
      () => annotateList(lists, "app", { annotations: odd }),
      () => annotateList(lists, "app", { entryAnnotations: [{ annotations: odd }] }),
      () => annotateListEntries(lists, "app", ["linux/amd64"], { annotations: odd }),
      () => annotateListEntries(lists, "app", ["linux/amd64"], { indexAnnotations: odd }),
      () => addToList(lists, "app", ["oci:/src:riscv64"], { annotations: odd }),
      () => addToList(lists, "app", ["oci:/src:riscv64"], { indexAnnotations: odd }),
      () => createList(lists, "new", { annotations: odd }),
    ];
    for (const verb of verbs) {
      warnings();
      await verb();
      expect(warnings()).toEqual(['the annotation "org.opencontainers.image.licence" is none that the specification has in its namespace org.opencontainers.']);
    }
    expect((await index()).annotations).toEqual(odd);
  });

  it("gets none when it is taken out, and keys of the specification get none", async () => {
    const { lists, warnings } = await open();
    await annotateList(lists, "app", {
      annotations: { "org.opencontainers.image.licence": undefined, "org.opencontainers.image.licenses": "MIT", "org.example": "1" },
    });
    expect(warnings()).toEqual([]);
  });
});

describe("parseLevelAnnotations()", () => {
  it("takes commas and = in a value as part of it", () => {
    expect(parseLevelAnnotations(["a=b,c=d", "e==", "f="]).plain).toEqual({ a: "b,c=d", e: "=", f: "" });
  });

  it("reads buildx's prefixes, several of them joined by commas", () => {
    const levels = parseLevelAnnotations([
      "index:a=1",
      "manifest-descriptor:b=2",
      "manifest-descriptor[linux/arm64]:c=3",
      "index,manifest-descriptor[linux/amd64]:d=x:y",
      "manifest:f=6",
      "manifest[linux/arm64],index:g=7",
      "e=5",
    ]);
    expect(levels).toEqual({
      plain: { e: "5" },
      index: { a: "1", d: "x:y", g: "7" },
      manifests: [{ annotations: { f: "6" } }, { platform: { os: "linux", architecture: "arm64" }, annotations: { g: "7" } }],
      entries: [
        { annotations: { b: "2" } },
        { platform: { os: "linux", architecture: "arm64" }, annotations: { c: "3" } },
        { platform: { os: "linux", architecture: "amd64" }, annotations: { d: "x:y" } },
      ],
    });
  });

  it("takes a prefix it does not know for part of the key", () => {
    expect(parseLevelAnnotations(["indices:a=1", "http://x=1", "index=1"]).plain).toEqual({ "indices:a": "1", "http://x": "1", index: "1" });
  });

  it("keeps __proto__ at every level", () => {
    const { plain, index, entries } = parseLevelAnnotations(["__proto__=1", "index:__proto__=2", "manifest-descriptor:__proto__=3"]);
    expect([plain, index, entries[0]?.annotations ?? {}].map((map) => Object.entries(map))).toEqual([
      [["__proto__", "1"]],
      [["__proto__", "2"]],
      [["__proto__", "3"]],
    ]);
  });

  it("refuses a missing =, an empty key, a platform of the index, and what is no platform", () => {
    expect(() => parseLevelAnnotations(["hoge"])).toThrow('no "=" found');
    expect(() => parseLevelAnnotations(["=x"])).toThrow("the key is empty");
    expect(() => parseLevelAnnotations(["index:=x"])).toThrow("the key is empty");
    expect(() => parseLevelAnnotations(["index[linux/amd64]:a=b"])).toThrow("the index has no platform");
    expect(() => parseLevelAnnotations(["manifest-descriptor[linux]:a=b"])).toThrow('Cannot read platform "linux"');
    expect(() => parseLevelAnnotations(["manifest[linux]:a=b"])).toThrow('Cannot read platform "linux"');
  });
});

describe("readAnnotationFile()", () => {
  const read = (text: string) => readAnnotationFile(encodeUtf8(text), "file");

  it("reads lines KEY=VALUE with metadata-action's prefixes, comments and empty lines left out", () => {
    expect(read("# made by CI\na=1\r\n\nindex:b=x, y\n  \nc= d ")).toEqual(["a=1", "index:b=x, y", "c= d "]);
  });

  it("reads JSON, odd keys included", () => {
    expect(read('\n{"a":"1","__proto__":"2","10":"3,4"}').toSorted()).toEqual(["10=3,4", "__proto__=2", "a=1"]);
  });

  it("refuses JSON that is no map of strings, and a key with =", () => {
    expect(() => read('{"a":1}')).toThrow("expected an object whose values are strings");
    expect(() => read('{"a=b":"c"}')).toThrow('its key holds "="');
  });
});
