import { describe, expect, it } from "bun:test";
import { encodeUtf8, readAll, streamBytes } from "../../../src/core/base/mod.ts";
import { openArchives, openWorkFiles, type TarContent, writeTar } from "../../../src/core/content/mod.ts";
import type { ContentPlace } from "../../../src/core/port/mod.ts";
import type { OciLocation } from "../../../src/core/spec/mod.ts";
import { openArchivePlace } from "../../../src/core/transport/oci/mod.ts";
import { type MemoryHost, memoryClock, memoryHost, memoryRandom } from "../../../src/host/memory.ts";
import { putSample, sampleOf, testContentPlace } from "../../contract/content.ts";

const one = sampleOf("one");
const two = sampleOf("two");
const path = "/out/app.tar";
const location = (reference?: string): OciLocation => ({ transport: "oci-archive", path: "/out/app.tar", ...(reference !== undefined && { reference }) });

function hostWith(files: Readonly<Record<string, string | Uint8Array>> = {}): MemoryHost {
  return memoryHost({ clock: memoryClock(), random: memoryRandom(), files: { "/out/other": "", ...files } });
}

function openAt(host: MemoryHost, reference?: string): Promise<ContentPlace> {
  return openArchivePlace(host, openArchives(host, openWorkFiles(host)), location(reference));
}

testContentPlace("openArchivePlace()", async () => {
  const host = hostWith();
  return { hasNames: true, open: (tag = "1.0") => openAt(host, tag), settle: ({ target }) => target.putRoot(one.index) };
});

/** Returns an archive of these files, in this order. */
function tarOf(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const contents = Object.entries(files).map(([name, text]): TarContent => {
    const bytes = encodeUtf8(text);
    return { name, size: bytes.length, open: async () => streamBytes(bytes) };
  });
  return readAll(writeTar(contents), { limit: 1 << 24, what: "archive" });
}

function bytesOf(host: MemoryHost): Promise<Uint8Array> {
  return host.files.readFile(path, 1 << 24);
}

async function namesOf(host: MemoryHost): Promise<readonly string[]> {
  return [...(await openArchives(host, openWorkFiles(host)).open({ path, what: '"it"' })).members.keys()];
}

describe("openArchivePlace() writing", () => {
  it("putRoot() writes sorted members, the same bytes every time, and nothing else", async () => {
    const [first, second] = [hostWith(), hostWith()];
    for (const host of [first, second]) await putSample(await openAt(host, "1.0"), one);
    expect(await bytesOf(first)).toEqual(await bytesOf(second));
    const names = await namesOf(first);
    expect(names).toEqual([...names].sort());
    expect(names.length).toBe(6);
    expect(await first.files.list("/out")).toEqual(["app.tar", "other"]);
  });

  it("putRoot() does not depend on the order in which content came", async () => {
    const [first, second] = [hostWith(), hostWith()];
    for (const [host, samples] of [
      [first, [one, two]],
      [second, [two, one]],
    ] as const)
      for (const sample of samples) await putSample(await openAt(host, sample === one ? "1.0" : "2.0"), sample);
    const withoutIndex = (names: readonly string[]) => names.filter((name) => name !== "index.json");
    expect(withoutIndex(await namesOf(first))).toEqual(withoutIndex(await namesOf(second)));
  });

  it("putRoot() keeps what the archive holds, and adds a name", async () => {
    const host = hostWith({
      [path]: await tarOf({ "oci-layout": '{"imageLayoutVersion":"1.0.0"}', "notes/a.txt": "mine", "index.json": '{"schemaVersion":2,"manifests":[]}' }),
    });
    await putSample(await openAt(host, "1.0"), one);
    await putSample(await openAt(host, "2.0"), two);
    expect(await namesOf(host)).toContain("notes/a.txt");
    for (const [name, sample] of [
      ["1.0", one],
      ["2.0", two],
    ] as const) {
      const { source } = await openAt(host, name);
      expect((await source.resolve()).bytes).toEqual(sample.index.bytes);
      expect(await source.smallBlob(sample.layer.descriptor)).toEqual(sample.layer.bytes);
    }
  });

  it("putRoot() of what is there already leaves the file alone", async () => {
    const host = hostWith();
    await putSample(await openAt(host, "1.0"), one);
    const before = await bytesOf(host);
    const rename: typeof host.files.rename = async (from, to) => {
      if (to === path) throw new Error("it is written again");
      return host.files.rename(from, to);
    };
    await putSample(await openArchivePlace({ ...host, files: { ...host.files, rename } }, openArchives(host, openWorkFiles(host)), location("1.0")), one);
    expect(await bytesOf(host)).toEqual(before);
  });

  it("putRoot() takes an empty file for none", async () => {
    const host = hostWith({ [path]: "" });
    await putSample(await openAt(host, "1.0"), one);
    expect((await (await openAt(host)).source.resolve()).bytes).toEqual(one.index.bytes);
  });

  const kept: readonly (readonly [string, () => Promise<Uint8Array> | Uint8Array, string])[] = [
    ["a text", () => encodeUtf8("my notes\n".repeat(200)), "INVALID"],
    ["an archive of something else", () => tarOf({ "a.txt": "a" }), "INVALID"],
    ["an archive cut off", async () => (await tarOf({ "oci-layout": "{}" })).slice(0, 700), "INVALID"],
  ];
  for (const [what, make, code] of kept) {
    it(`putBlob() and putRoot() refuse a file that is ${what}, and leave it`, async () => {
      const content = await make();
      const host = hostWith({ [path]: content });
      const { target } = await openAt(host, "1.0");
      await expect(target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes))).rejects.toEqual(expect.objectContaining({ code }));
      await expect(target.putRoot(one.index)).rejects.toEqual(expect.objectContaining({ code }));
      await target.abandon();
      expect(await bytesOf(host)).toEqual(content);
      expect(await host.files.list("/out")).toEqual(["app.tar", "other"]);
    });
  }

  it("a compressed archive is read and not written", async () => {
    const host = hostWith();
    await putSample(await openAt(host, "1.0"), one);
    const packed = await readAll(streamBytes(new Uint8Array(await bytesOf(host))).pipeThrough(host.compression.compress("gzip")), {
      limit: 1 << 24,
      what: "archive",
    });
    const other = hostWith({ [path]: packed });
    const work = openWorkFiles(other);
    const place = await openArchivePlace(other, openArchives(other, work), location("1.0"));
    expect((await place.source.resolve()).bytes).toEqual(one.index.bytes);
    expect(await place.source.smallBlob(one.layer.descriptor)).toEqual(one.layer.bytes);
    await expect(place.target.putRoot(two.index)).rejects.toEqual(
      expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining("compressed with gzip") }),
    );
    expect((await other.files.list("/tmp")).length).toBe(1);
    await work.close();
    expect(await other.files.list("/tmp")).toEqual([]);
  });

  it("a directory that is not there is said, and none is made", async () => {
    const host = hostWith();
    const { target } = await openArchivePlace(host, openArchives(host, openWorkFiles(host)), { transport: "oci-archive", path: "/none/app.tar" });
    await expect(target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes))).rejects.toThrow('there is no directory "/none"');
  });

  it("abandon() leaves the archive as it was and nothing beside it", async () => {
    const host = hostWith();
    await putSample(await openAt(host, "1.0"), one);
    const before = await bytesOf(host);
    const { target } = await openAt(host, "1.0");
    await target.putBlob(two.layer.descriptor, async () => streamBytes(two.layer.bytes));
    await target.abandon();
    expect(await bytesOf(host)).toEqual(before);
    expect(await host.files.list("/out")).toEqual(["app.tar", "other"]);
  });

  it("putRoot() loses no edit that somebody else makes meanwhile", async () => {
    const host = hostWith();
    await putSample(await openAt(host, "1.0"), one);
    let isFirst = true;
    const create: typeof host.files.create = async (name, options) => {
      if (isFirst && name.endsWith(".tmp")) {
        isFirst = false;
        await putSample(await openAt(host, "2.0"), two);
      }
      return host.files.create(name, options);
    };
    const slower = { ...host, files: { ...host.files, create } };
    await putSample(await openArchivePlace(slower, openArchives(slower, openWorkFiles(slower)), location("3.0")), one);
    for (const [name, sample] of [
      ["1.0", one],
      ["2.0", two],
      ["3.0", one],
    ] as const)
      expect((await (await openAt(host, name)).source.resolve()).bytes).toEqual(sample.index.bytes);
    expect(await host.files.list("/out")).toEqual(["app.tar", "other"]);
  });

  it("putRoot() replaces a blob whose bytes are wrong", async () => {
    const host = hostWith();
    const name = `blobs/${one.layer.descriptor.digest.replace(":", "/")}`;
    await host.files.remove(path);
    const bad = await tarOf({
      [name]: "x".repeat(one.layer.bytes.length),
      "index.json": '{"schemaVersion":2,"manifests":[]}',
      "oci-layout": '{"imageLayoutVersion":"1.0.0"}',
    });
    const damaged = hostWith({ [path]: bad });
    await expect((await openAt(damaged)).source.smallBlob(one.layer.descriptor)).rejects.toEqual(expect.objectContaining({ code: "MISMATCH" }));
    await putSample(await openAt(damaged, "1.0"), one);
    expect(await (await openAt(damaged)).source.smallBlob(one.layer.descriptor)).toEqual(one.layer.bytes);
  });
});

describe("openArchivePlace() reading", () => {
  it("takes names that begin with ./ (ggcr#2334)", async () => {
    const index = JSON.stringify({ schemaVersion: 2, manifests: [] });
    const host = hostWith({ [path]: await tarOf({ "./oci-layout": '{"imageLayoutVersion":"1.0.0"}', "./index.json": index }) });
    await expect((await openAt(host, "a")).source.resolve()).rejects.toThrow("there is no such entry, the layout is empty");
  });

  it("chooses by place", async () => {
    const host = hostWith();
    await putSample(await openAt(host, "1.0"), one);
    await putSample(await openAt(host, "2.0"), two);
    const at = async (position: number) =>
      (await openArchivePlace(host, openArchives(host, openWorkFiles(host)), { transport: "oci-archive", path, position })).source.resolve();
    expect((await at(1)).bytes).toEqual(two.index.bytes);
    await expect(at(2)).rejects.toEqual(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  it("says so where the archive has been replaced by another (CVE-2025-47290)", async () => {
    const host = hostWith();
    await putSample(await openAt(host, "1.0"), one);
    const { source } = await openAt(host);
    await source.resolve();
    await host.files.remove(path);
    await host.clock.sleep(1);
    await putSample(await openAt(host, "1.0"), two);
    await expect(source.manifest(one.image.descriptor)).rejects.toThrow(
      `Cannot read blob ${one.image.descriptor.digest} in "oci-archive:/out/app.tar": there is no such file`,
    );
  });

  it("refuses an index.json over 4 MiB (CVE-2023-25153, GHSA-259w-8hf6-59c2)", async () => {
    const host = hostWith({ [path]: await tarOf({ "oci-layout": '{"imageLayoutVersion":"1.0.0"}', "index.json": " ".repeat(4 * 1024 * 1024 + 1) }) });
    await expect((await openAt(host, "a")).source.resolve()).rejects.toEqual(expect.objectContaining({ code: "LIMIT" }));
  });
});
