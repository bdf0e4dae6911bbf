import { describe, expect, it } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bytes, encodeUtf8, readAll, streamBytes, streamOf } from "../../src/core/base/mod.ts";
import { type ContentFiles, digestBytes, findComplete, openContentFiles, readGraph } from "../../src/core/content/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { type Digest, mediaTypes } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { blobOf, documentOf, indexOf } from "../helper/content.ts";

const code = (code: string) => expect.objectContaining({ code });
const bytes = encodeUtf8("content");

function promise(host: Host, content: Uint8Array = bytes): { readonly digest: Digest; readonly size: number } {
  return { digest: digestBytes(host.hash, content), size: content.length };
}

/** Runs `body` with files in a directory of the real file system. */
async function withDisk(body: (content: ContentFiles, host: Host, directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "ocidex-content-"));
  try {
    const host = await currentHost();
    await body(openContentFiles(host, directory), host, directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe("openContentFiles()", () => {
  it("put() writes algorithm/digits and read() gives it back", async () => {
    await withDisk(async (content, host, directory) => {
      const promised = promise(host);
      expect(await content.has(promised.digest)).toBe(false);
      expect(await content.put(promised, streamBytes(bytes))).toBe("copied");
      expect(readFileSync(join(directory, "sha256", promised.digest.slice(7)), "utf8")).toBe("content");
      expect(readdirSync(join(directory, "sha256"))).toEqual([promised.digest.slice(7)]);
      expect(await content.has(promised.digest)).toBe(true);
      expect(await content.has(promised.digest, 3)).toBe(false);
      expect(await readAll(await content.read(promised), { limit: 100, what: "" })).toEqual(bytes);
    });
  });

  it("put() of the same content by many at once leaves one file", async () => {
    await withDisk(async (content, host, directory) => {
      const promised = promise(host);
      await Promise.all(Array.from({ length: 10 }, () => content.put(promised, async () => streamBytes(bytes))));
      expect(readdirSync(join(directory, "sha256"))).toEqual([promised.digest.slice(7)]);
    });
  });

  it("put() cancels a stream it does not need, and one it refuses", async () => {
    const host = memoryHost();
    const content = openContentFiles(host, "/content");
    const promised = promise(host);
    await content.put(promised, streamBytes(bytes));
    const cancelled: string[] = [];
    const stream = (name: string) => new ReadableStream<Bytes>({ cancel: () => void cancelled.push(name) });
    expect(await content.put(promised, stream("there"))).toBe("exists");
    await expect(content.put({ digest: "blake3:00", size: 1 }, stream("unknown"))).rejects.toEqual(code("UNSUPPORTED"));
    await expect(content.put(promise(host, encodeUtf8("x")), stream("aborted"), { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(cancelled).toEqual(["there", "unknown", "aborted"]);
  });

  it("put() leaves nothing of content that is not the promised one", async () => {
    await withDisk(async (content, host, directory) => {
      const promised = promise(host);
      for (const wrong of ["conten", "contentx", "CONTENT"])
        await expect(content.put(promised, streamBytes(encodeUtf8(wrong)))).rejects.toEqual(code("MISMATCH"));
      expect(readdirSync(join(directory, "sha256"))).toEqual([]);
    });
  });

  it("put() replaces wrong bytes of the right size, and of another", async () => {
    await withDisk(async (content, host, directory) => {
      const promised = promise(host);
      mkdirSync(join(directory, "sha256"));
      for (const wrong of ["CONTENT", "", "content and more"]) {
        writeFileSync(content.path(promised.digest), wrong);
        expect(await content.put(promised, streamBytes(bytes))).toBe("copied");
        expect(await content.readSmall(promised)).toEqual(bytes);
      }
    });
  });

  it("read() and readSmall() refuse bytes that are not those of the digest", async () => {
    const host = memoryHost();
    const promised = promise(host);
    const content = openContentFiles(memoryHost({ files: { [`/content/sha256/${promised.digest.slice(7)}`]: "CONTENT" } }), "/content");
    await expect(content.readSmall(promised)).rejects.toEqual(code("MISMATCH"));
    await expect(content.read(promised).then((stream) => readAll(stream, { limit: 100, what: "" }))).rejects.toEqual(code("MISMATCH"));
    await expect(content.read({ ...promised, size: 8 })).rejects.toEqual(code("MISMATCH"));
  });

  it("read() and put() do not follow a link, be it the file or a directory (GHSA-m37j-52j7-pjw7)", async () => {
    await withDisk(async (_, host, directory) => {
      const promised = promise(host);
      const digits = promised.digest.slice(7);
      for (const [at, linked] of ["file", "algorithm", "dangling"].entries()) {
        const root = join(directory, String(at));
        const outside = join(directory, `outside${at}`);
        mkdirSync(join(outside), { recursive: true });
        writeFileSync(join(outside, digits), "content");
        mkdirSync(root);
        if (linked === "algorithm") symlinkSync(outside, join(root, "sha256"));
        else {
          mkdirSync(join(root, "sha256"));
          symlinkSync(join(outside, linked === "dangling" ? "missing" : digits), join(root, "sha256", digits));
        }
        const content = openContentFiles(host, root);
        await expect(content.has(promised.digest)).rejects.toThrow("links are not followed");
        await expect(content.read(promised)).rejects.toEqual(code("INVALID"));
        await expect(content.readSmall(promised)).rejects.toEqual(code("INVALID"));
        await expect(content.put(promised, streamBytes(bytes))).rejects.toEqual(code("INVALID"));
        expect(readdirSync(outside)).toEqual([digits]);
      }
    });
  });

  it("path() refuses a digest that would be a path (CVE-2024-3727)", () => {
    const content = openContentFiles(memoryHost(), "/content");
    for (const digest of [
      "sha256:../../x",
      "sha256:",
      "md5:00",
      `sha256:${"A".repeat(64)}`,
      `sha256:${"0".repeat(63)}`,
      `sha256:${"0".repeat(63)}\0`,
    ] as const) {
      expect(() => content.path(digest)).toThrow();
    }
  });

  it("readSmall() refuses a file over 4 MiB before it is read", async () => {
    const host = memoryHost();
    const large = new Uint8Array(4 * 1024 * 1024 + 1);
    const content = openContentFiles(host, "/content");
    const promised = promise(host, large);
    await content.put(promised, streamBytes(large));
    await expect(content.readSmall(promised)).rejects.toEqual(code("LIMIT"));
  });

  it("put() tells of every piece it took", async () => {
    const host = memoryHost();
    const sizes: number[] = [];
    await openContentFiles(host, "/content").put(promise(host), streamOf([bytes.slice(0, 3), bytes.slice(3)]), { onProgress: (size) => sizes.push(size) });
    expect(sizes).toEqual([3, 4]);
  });
});

describe("findComplete() and readGraph()", () => {
  const config = blobOf(mediaTypes.ociConfig, "{}");
  const layer = blobOf(mediaTypes.ociLayer, "layer");
  const foreign = { ...blobOf(mediaTypes.dockerForeignLayerGzip, "elsewhere").descriptor, urls: ["https://example.com/layer"] };
  const image = documentOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: config.descriptor, layers: [layer.descriptor, foreign] });
  const inner = documentOf(indexOf([image.descriptor]));
  const outer = documentOf(indexOf([inner.descriptor, image.descriptor]));

  it("findComplete() goes down nested indexes and lets layers with urls be missing", async () => {
    const content = openContentFiles(memoryHost(), "/content");
    const places = { manifests: content, blobs: content };
    const all = [config, layer, ...[image, inner, outer].map(({ descriptor, bytes }) => ({ descriptor, bytes }))];
    for (const { descriptor, bytes } of all) {
      expect(await findComplete(places, outer.descriptor)).toBeUndefined();
      await content.put(descriptor, streamBytes(bytes));
    }
    expect([...((await findComplete(places, outer.descriptor)) ?? [])].sort()).toEqual(all.map(({ descriptor }) => descriptor.digest).sort());
  });

  it("readGraph() refuses more than 10 levels", async () => {
    const levels = [inner];
    for (let depth = 0; depth < 11; depth++) levels.push(documentOf(indexOf([levels.at(-1)?.descriptor ?? inner.descriptor])));
    const open = async ({ digest }: { readonly digest: Digest }) => levels.find(({ descriptor }) => descriptor.digest === digest);
    await expect(readGraph(levels.at(-1) ?? inner, open)).rejects.toEqual(code("LIMIT"));
    expect((await readGraph(levels[8] ?? inner, open)).missing).toEqual([image.descriptor]);
  });
});
