import { describe, expect, it } from "bun:test";
import { type Bytes, readAll, streamBytes, streamOf } from "../../src/core/base/mod.ts";
import type { ContentPlace } from "../../src/core/port/mod.ts";
import { type Descriptor, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { blobOf, documentOf, indexOf } from "../helper/content.ts";

/** A location to test, with nothing at it. */
export interface PlaceFixture {
  /** Opens the location anew; with a tag, the same place under that name. */
  readonly open: (tag?: string) => Promise<ContentPlace>;
  /** Whether the place has names: `tag` of `putRoot`, and `removeName`. */
  readonly hasNames: boolean;
  /** Makes what was put readable, where that takes more than putting it there. */
  readonly settle?: (place: ContentPlace) => Promise<void>;
  /** Takes away what the fixture needed. */
  readonly close?: () => Promise<void>;
}

interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Bytes;
}

interface Sample {
  readonly config: Blob;
  readonly layer: Blob;
  readonly image: ManifestDocument;
  readonly index: ManifestDocument;
}

/** Returns an image and an index of it; another `name`, other digests. */
export function sampleOf(name: string): Sample {
  const config = blobOf(mediaTypes.ociConfig, JSON.stringify({ architecture: "amd64", os: "linux", name }));
  const layer = blobOf(mediaTypes.ociLayerGzip, `layer of ${name}`);
  const image = documentOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: config.descriptor, layers: [layer.descriptor] });
  return { config, layer, image, index: documentOf(indexOf([{ ...image.descriptor, platform: { architecture: "amd64", os: "linux" } }])) };
}

/** Puts blobs, image and index there, as a copy does. */
export async function putSample({ target }: ContentPlace, { config, layer, image, index }: Sample): Promise<void> {
  await Promise.all([config, layer].map(({ descriptor, bytes }) => target.putBlob(descriptor, async () => streamBytes(bytes))));
  await target.putManifest(image);
  await target.putRoot(index);
}

const everything = { limit: 1 << 24, what: "blob" };

/** What every {@linkcode ContentPlace} must do. `make` is called once a test. */
export function testContentPlace(name: string, make: () => Promise<PlaceFixture>): void {
  const test = (sentence: string, body: (fixture: PlaceFixture) => Promise<void>): void => {
    it(sentence, async () => {
      const fixture = await make();
      try {
        await body(fixture);
      } finally {
        await fixture.close?.();
      }
    });
  };
  const code = (code: string) => expect.objectContaining({ code });
  const one = sampleOf("one");
  const two = sampleOf("two");

  describe(`${name} as a content place`, () => {
    test("resolve() and describe() find nothing where nothing was written", async ({ open }) => {
      const { source } = await open();
      await expect(source.resolve()).rejects.toEqual(code("NOT_FOUND"));
      await expect(source.describe()).rejects.toEqual(code("NOT_FOUND"));
    });

    test("resolve() returns the bytes that putRoot() was given", async ({ open }) => {
      await putSample(await open(), one);
      const { source } = await open();
      const root = await source.resolve();
      expect(root.bytes).toEqual(one.index.bytes);
      expect(root.descriptor).toEqual(one.index.descriptor);
      expect(await source.describe()).toEqual(one.index.descriptor);
    });

    test("manifest() returns a child, with and without a known size", async ({ open }) => {
      await putSample(await open(), one);
      const { source } = await open();
      expect((await source.manifest(one.image.descriptor)).bytes).toEqual(one.image.bytes);
      expect((await source.manifest({ ...one.image.descriptor, size: 0 })).descriptor).toEqual(one.image.descriptor);
    });

    test("manifest() returns the root by its digest", async ({ open }) => {
      await putSample(await open(), one);
      expect((await (await open()).source.manifest(one.index.descriptor)).bytes).toEqual(one.index.bytes);
    });

    test("smallBlob() and blob() return what putBlob() was given", async ({ open }) => {
      await putSample(await open(), one);
      const { source } = await open();
      expect(await source.smallBlob(one.config.descriptor)).toEqual(one.config.bytes);
      expect(await readAll(await source.blob(one.layer.descriptor), everything)).toEqual(one.layer.bytes);
    });

    test("manifest(), smallBlob() and blob() say NOT_FOUND for what is not there", async ({ open }) => {
      await putSample(await open(), one);
      const { source } = await open();
      await expect(source.manifest(two.image.descriptor)).rejects.toEqual(code("NOT_FOUND"));
      await expect(source.smallBlob(two.config.descriptor)).rejects.toEqual(code("NOT_FOUND"));
      await expect(source.blob(two.layer.descriptor)).rejects.toEqual(code("NOT_FOUND"));
    });

    test("smallBlob() refuses more than 4 MiB", async ({ open, settle }) => {
      const large = blobOf("application/octet-stream", "x".repeat(4 * 1024 * 1024 + 1));
      const place = await open();
      await place.target.putBlob(large.descriptor, async () => streamBytes(large.bytes));
      await settle?.(place);
      await expect(place.source.smallBlob(large.descriptor)).rejects.toEqual(code("LIMIT"));
    });

    test("putBlob() takes an empty blob", async ({ open, settle }) => {
      const empty = blobOf("application/octet-stream", "");
      const place = await open();
      await place.target.putBlob(empty.descriptor, async () => streamBytes(empty.bytes));
      await settle?.(place);
      expect(await readAll(await place.source.blob(empty.descriptor), everything)).toEqual(empty.bytes);
    });

    test("putBlob() can be repeated and tells of every byte that went", async ({ open, settle }) => {
      const place = await open();
      const { target, source } = place;
      for (let time = 0; time < 2; time++) {
        let gone = 0;
        const pieces = [one.layer.bytes.slice(0, 3), one.layer.bytes.slice(3)];
        const outcome = await target.putBlob(one.layer.descriptor, async () => streamOf(pieces), { onProgress: (bytes) => (gone += bytes) });
        expect(gone).toBe(outcome === "copied" ? one.layer.bytes.length : 0);
      }
      await settle?.(place);
      expect(await source.smallBlob(one.layer.descriptor)).toEqual(one.layer.bytes);
    });

    const wrong: readonly (readonly [string, Bytes])[] = [
      ["too short", one.layer.bytes.slice(1)],
      ["too long", new Uint8Array([...one.layer.bytes, 0])],
      ["not the promised bytes", one.layer.bytes.map((byte) => byte ^ 1)],
    ];
    for (const [fault, bytes] of wrong) {
      test(`putBlob() refuses content that is ${fault} and keeps nothing of it`, async ({ open }) => {
        const { target, source } = await open();
        await expect(target.putBlob(one.layer.descriptor, async () => streamBytes(bytes))).rejects.toThrow();
        await expect(source.blob(one.layer.descriptor).then((stream) => readAll(stream, everything))).rejects.toEqual(code("NOT_FOUND"));
      });
    }

    test("putBlob() fails with the error of its stream and keeps nothing", async ({ open }) => {
      const { target, source } = await open();
      const broken = async function* () {
        yield one.layer.bytes.slice(0, 4);
        throw new Error("the source broke");
      };
      await expect(target.putBlob(one.layer.descriptor, async () => streamOf(broken()))).rejects.toThrow();
      await expect(source.smallBlob(one.layer.descriptor)).rejects.toEqual(code("NOT_FOUND"));
    });

    test("hasManifest() says yes only for a manifest that is there", async ({ open }) => {
      const place = await open();
      expect(await place.target.hasManifest(one.image.descriptor)).toBe(false);
      await putSample(place, one);
      expect(await (await open()).target.hasManifest(one.image.descriptor)).toBe(true);
      expect(await (await open()).target.hasManifest(two.image.descriptor)).toBe(false);
    });

    test("putRoot() replaces what the location named", async ({ open }) => {
      await putSample(await open(), one);
      await putSample(await open(), two);
      const { source } = await open();
      expect((await source.resolve()).bytes).toEqual(two.index.bytes);
      expect(await source.smallBlob(two.config.descriptor)).toEqual(two.config.bytes);
    });

    test("putRoot() of an edit moves nothing and keeps what it leads to", async ({ open }) => {
      await putSample(await open(), one);
      const place = await open();
      const { descriptor, value } = await place.source.resolve();
      const edit = documentOf({ ...value, annotations: { from: "a test" } });
      await place.target.putRoot(edit, { expected: descriptor.digest });
      const { source } = await open();
      expect((await source.resolve()).bytes).toEqual(edit.bytes);
      expect((await source.manifest(one.image.descriptor)).bytes).toEqual(one.image.bytes);
      expect(await source.smallBlob(one.layer.descriptor)).toEqual(one.layer.bytes);
    });

    test("putRoot() stops where somebody else has changed the location", async ({ open }) => {
      await putSample(await open(), one);
      const { target, source } = await open();
      await expect(target.putRoot(one.index, { expected: two.index.descriptor.digest })).rejects.toEqual(code("CONFLICT"));
      await target.putManifest(one.image);
      const edit = documentOf({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [one.image.descriptor] });
      await expect(target.putRoot(edit, { expected: undefined })).rejects.toEqual(code("CONFLICT"));
      expect((await source.resolve()).bytes).toEqual(one.index.bytes);
    });

    test("putRoot() that expects nothing writes where there is nothing", async ({ open }) => {
      const { target, source } = await open();
      await target.putBlob(one.config.descriptor, async () => streamBytes(one.config.bytes));
      await target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
      await target.putRoot(one.image, { expected: undefined });
      expect((await source.resolve()).bytes).toEqual(one.image.bytes);
    });

    test("abandon() leaves nothing to resolve, and an older root as it was", async ({ open }) => {
      const first = await open();
      await first.target.putBlob(two.layer.descriptor, async () => streamBytes(two.layer.bytes));
      await first.target.abandon();
      await expect((await open()).source.resolve()).rejects.toEqual(code("NOT_FOUND"));
      await putSample(await open(), one);
      const second = await open();
      await second.target.putBlob(two.layer.descriptor, async () => streamBytes(two.layer.bytes));
      await second.target.putBlob(one.layer.descriptor, async () => streamBytes(one.layer.bytes));
      await second.target.abandon();
      const { source } = await open();
      expect((await source.resolve()).bytes).toEqual(one.index.bytes);
      expect(await source.smallBlob(one.layer.descriptor)).toEqual(one.layer.bytes);
    });

    test("abandon() of a place that was never written to does nothing", async ({ open }) => {
      await (await open()).target.abandon();
      await expect((await open()).source.resolve()).rejects.toEqual(code("NOT_FOUND"));
    });

    test("a signal that has fired stops every operation with its reason", async ({ open }) => {
      await putSample(await open(), one);
      const { source, target } = await open();
      const reason = new Error("no longer wanted");
      const signal = AbortSignal.abort(reason);
      await expect(source.resolve({ signal })).rejects.toBe(reason);
      await expect(source.manifest(one.image.descriptor, { signal })).rejects.toBe(reason);
      await expect(source.smallBlob(one.config.descriptor, { signal })).rejects.toBe(reason);
      await expect(target.putBlob(two.layer.descriptor, async () => streamBytes(two.layer.bytes), { signal })).rejects.toBe(reason);
      await expect(target.putRoot(one.image, { signal })).rejects.toBe(reason);
      expect((await source.resolve()).bytes).toEqual(one.index.bytes);
    });

    test("accepts() takes an OCI index", async ({ open }) => {
      expect((await open()).target.accepts(mediaTypes.ociIndex)).toBe(true);
    });

    test("removeName() takes the name away and not the content, or refuses", async ({ open, hasNames }) => {
      await putSample(await open(), one);
      if (!hasNames) {
        await expect((await open()).removeName()).rejects.toEqual(code("UNSUPPORTED"));
        return;
      }
      await (await open()).removeName();
      const { source, removeName } = await open();
      await expect(source.resolve()).rejects.toEqual(code("NOT_FOUND"));
      await expect(removeName()).rejects.toEqual(code("NOT_FOUND"));
      expect((await source.manifest(one.image.descriptor)).bytes).toEqual(one.image.bytes);
    });

    test("putRoot() writes under another tag, or refuses one", async ({ open, hasNames }) => {
      const place = await open();
      await putSample(place, one);
      const written = place.target.putRoot(one.index, { tag: "other" });
      if (!hasNames) {
        await expect(written).rejects.toEqual(code("UNSUPPORTED"));
        return;
      }
      await written;
      expect((await (await open("other")).source.resolve()).bytes).toEqual(one.index.bytes);
      expect((await (await open()).source.resolve()).bytes).toEqual(one.index.bytes);
    });
  });
}
