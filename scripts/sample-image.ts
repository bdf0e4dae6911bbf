import { packTar } from "modern-tar";
import { encodeUtf8, streamBytes } from "../src/core/base/mod.ts";
import { digestBytes, newDocument } from "../src/core/content/mod.ts";
import type { ContentTarget, Host } from "../src/core/port/mod.ts";
import { type Descriptor, type ImageManifest, type ManifestDocument, mediaTypes, type Platform, parseLocation } from "../src/core/spec/mod.ts";
import { openTransports } from "../src/core/transport/mod.ts";

/** A small real image: one layer with the given files, and a config for its platform. */
export interface SampleImage {
  readonly platform: Platform;
  readonly files: Readonly<Record<string, string>>;
}

/** Puts a sample image at a location, in OCI form, and returns its manifest. The same image has the same digest every time. */
export async function putSampleImage(host: Host, location: string, image: SampleImage): Promise<ManifestDocument> {
  const { target } = await openTransports(host, { verifyTls: false }).place(parseLocation(location));
  const tar = await packTar(
    Object.entries(image.files).map(([name, body]) => ({
      header: { name, size: encodeUtf8(body).length, mode: 0o644, mtime: new Date(0), type: "file" as const },
      body,
    })),
  );
  const layer = await putBlob(host, target, mediaTypes.ociLayer, new Uint8Array(tar));
  const { architecture, os, variant } = image.platform;
  const config = {
    architecture,
    os,
    ...(variant && { variant }),
    config: { Cmd: ["cat", `/${Object.keys(image.files)[0]}`] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  };
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await putBlob(host, target, mediaTypes.ociConfig, encodeUtf8(JSON.stringify(config))),
    layers: [layer],
  };
  const document = newDocument(host.hash, manifest);
  await target.putRoot(document);
  return document;
}

async function putBlob(host: Host, target: ContentTarget, mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestBytes(host.hash, bytes), size: bytes.length };
  await target.putBlob(descriptor, async () => streamBytes(bytes));
  return descriptor;
}
