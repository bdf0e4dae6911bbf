import { describe, expect, it } from "bun:test";
import { encodeUtf8, readAll, streamBytes } from "../../src/core/base/mod.ts";
import { type BlobOpener, digestBytes, newDocument, openDocument, overlaySource } from "../../src/core/content/mod.ts";
import type { ContentSource } from "../../src/core/port/mod.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { addImage, blobOf, indexOf, memorySource } from "../helper/content.ts";

const { hash } = memoryHost();
const code = (code: string) => expect.objectContaining({ code });

describe("newDocument() and openDocument()", () => {
  it("openDocument() returns what newDocument() wrote", () => {
    const document = newDocument(hash, indexOf([]));
    expect(new TextDecoder().decode(document.bytes)).toBe(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`);
    expect(openDocument(hash, document.bytes, { what: "index", expected: document.descriptor })).toEqual(document);
    expect(openDocument(hash, document.bytes, { what: "index", expected: document.descriptor.digest })).toEqual(document);
    expect(openDocument(hash, document.bytes, { what: "index" })).toEqual(document);
  });

  it("openDocument() keeps the algorithm it was asked for", () => {
    const { bytes, descriptor } = newDocument(hash, indexOf([]));
    const digest = digestBytes(hash, bytes, "sha512");
    expect(openDocument(hash, bytes, { what: "index", expected: { ...descriptor, digest } }).descriptor.digest).toBe(digest);
  });

  it("openDocument() checks the digest of a descriptor whose size is not known", () => {
    const { bytes, descriptor } = newDocument(hash, indexOf([]));
    expect(openDocument(hash, bytes, { what: "index", expected: { ...descriptor, size: 0 } }).descriptor).toEqual(descriptor);
    const other = { ...descriptor, size: 0, digest: digestBytes(hash, encodeUtf8("x")) };
    expect(() => openDocument(hash, bytes, { what: "index", expected: other })).toThrow(`Cannot accept index: expected ${other.digest}`);
  });

  it("openDocument() verifies before it parses", () => {
    const { descriptor } = newDocument(hash, indexOf([]));
    expect(() => openDocument(hash, encodeUtf8("{"), { what: "index", expected: descriptor })).toThrow(code("MISMATCH"));
  });

  it("openDocument() refuses a document of another type than was promised", () => {
    const { bytes, descriptor } = newDocument(hash, indexOf([]));
    expect(() => openDocument(hash, bytes, { what: "index", expected: { ...descriptor, mediaType: mediaTypes.ociManifest } })).toThrow(code("INVALID"));
    expect(() => openDocument(hash, bytes, { what: "index", mediaType: mediaTypes.dockerList })).toThrow(code("INVALID"));
  });
});

describe("overlaySource()", () => {
  it("returns its documents and leaves the rest to the source below", async () => {
    const base = memorySource();
    const image = addImage(base.contents, "image", ["layer"]);
    const made = newDocument(hash, indexOf([image.descriptor]));
    const source = overlaySource(base, { manifests: new Map([[made.descriptor.digest, made]]) });
    expect(await source.manifest(made.descriptor)).toBe(made);
    expect(await source.smallBlob(made.descriptor)).toEqual(made.bytes);
    expect(await readAll(await source.blob(made.descriptor), { limit: 1000, what: "" })).toEqual(made.bytes);
    expect(base.calls).toEqual([]);
    expect((await source.manifest(image.descriptor)).bytes).toEqual(image.bytes);
    expect(base.calls.map((call) => call.name)).toEqual(["manifest"]);
    expect([made, image].map(({ descriptor }) => source.made?.has(descriptor.digest))).toEqual([true, false]);
  });

  it("opens blobs that were made, also over another overlay", async () => {
    const base = memorySource();
    const [below, above] = ["below", "above"].map((text) => blobOf("a/b", text));
    if (!below || !above) throw new Error("no blobs");
    const overlay = (on: ContentSource, { descriptor, bytes }: typeof below) =>
      overlaySource(on, { manifests: new Map(), blobs: new Map([[descriptor.digest, async () => streamBytes(bytes)]]) });
    const source = overlay(overlay(base, below), above);
    for (const { descriptor, bytes } of [below, above]) {
      expect(await readAll(await source.blob(descriptor), { limit: 1000, what: "" })).toEqual(bytes);
      expect(source.made?.has(descriptor.digest)).toBe(true);
    }
    expect(base.calls).toEqual([]);
  });

  it("tells what opens a blob of the signal", async () => {
    const { descriptor, bytes } = blobOf("a/b", "blob");
    const given: unknown[] = [];
    const open: BlobOpener = async (options) => {
      given.push(options?.signal);
      return streamBytes(bytes);
    };
    const { signal } = new AbortController();
    await overlaySource(memorySource(), { manifests: new Map(), blobs: new Map([[descriptor.digest, open]]) }).blob(descriptor, { signal });
    expect(given).toEqual([signal]);
  });
});
