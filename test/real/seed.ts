import { createHash } from "node:crypto";
import { request } from "node:http";
import { Readable } from "node:stream";

/** A descriptor as it stands in a manifest. */
export interface Seeded {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const pieceSize = 1 << 20;

/** Content that is made while it is read: `size` bytes that differ with `seed`, or zeros without one. */
export interface MadeContent {
  readonly size: number;
  readonly seed?: string;
}

function* pieces({ size, seed }: MadeContent): Generator<Uint8Array> {
  const piece = new Uint8Array(pieceSize);
  if (seed !== undefined) fill(piece, seed);
  for (let at = 0; at < size; at += pieceSize) {
    if (seed !== undefined) new DataView(piece.buffer).setUint32(0, at / pieceSize);
    yield at + pieceSize <= size ? piece.slice() : piece.slice(0, size - at);
  }
}

/** Fills with what does not compress. */
function fill(piece: Uint8Array, seed: string): void {
  let block = createHash("sha256").update(seed).digest();
  for (let at = 0; at < piece.length; at += block.length) {
    piece.set(block, at);
    block = createHash("sha256").update(block).digest();
  }
}

/** Puts content into a registry without holding it; this is a client of its own, since ocidex is what is tested. */
export async function seedBlob(host: string, repository: string, content: MadeContent | Uint8Array, mediaType: string): Promise<Seeded> {
  const hash = createHash("sha256");
  const read = (): Iterable<Uint8Array> => (content instanceof Uint8Array ? [content] : pieces(content));
  for (const piece of read()) hash.update(piece);
  const digest = `sha256:${hash.digest("hex")}`;
  const size = content instanceof Uint8Array ? content.length : content.size;
  const session = await send(`http://${host}/v2/${repository}/blobs/uploads/`, { method: "POST", size: 0, body: [] });
  const url = new URL(session.location, `http://${host}`);
  url.searchParams.set("digest", digest);
  await send(url.href, { method: "PUT", size, body: read() });
  return { mediaType, digest, size };
}

/** Puts a manifest or an index, as bytes or as a value. */
export async function seedManifest(
  host: string,
  repository: string,
  reference: string | undefined,
  manifest: { readonly mediaType: string } | { readonly mediaType: string; readonly bytes: Uint8Array },
): Promise<Seeded> {
  const bytes = "bytes" in manifest ? manifest.bytes : new TextEncoder().encode(JSON.stringify(manifest));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await send(`http://${host}/v2/${repository}/manifests/${reference ?? digest}`, {
    method: "PUT",
    size: bytes.length,
    body: [bytes],
    mediaType: manifest.mediaType,
  });
  return { mediaType: manifest.mediaType, digest, size: bytes.length };
}

/** Options of {@linkcode seedImage}. */
export interface SeedOptions {
  readonly architecture: string;
  /** @default 1 */
  readonly layers?: number;
  /** Bytes of each layer. @default 1000 */
  readonly layerSize?: number;
}

/** Puts an OCI image for linux into a registry; without a tag it can be found by its digest. */
export async function seedImage(
  host: string,
  repository: string,
  tag: string | undefined,
  { architecture, layers = 1, layerSize = 1000 }: SeedOptions,
): Promise<Seeded> {
  const made: Seeded[] = [];
  for (let at = 0; at < layers; at++) {
    made.push(await seedBlob(host, repository, { size: layerSize, seed: `${architecture} ${at}` }, "application/vnd.oci.image.layer.v1.tar+gzip"));
  }
  const config = { architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: made.map((layer) => layer.digest) } };
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const descriptor = await seedBlob(host, repository, bytes, "application/vnd.oci.image.config.v1+json");
  return await seedManifest(host, repository, tag, { schemaVersion: 2, mediaType, config: descriptor, layers: made } as { readonly mediaType: string });
}

interface Sending {
  readonly method: string;
  readonly size: number;
  readonly body: Iterable<Uint8Array>;
  readonly mediaType?: string;
}

async function send(url: string, { method, size, body, mediaType = "application/octet-stream" }: Sending): Promise<{ readonly location: string }> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { "content-length": size, "content-type": mediaType } }, (response) => {
      let text = "";
      response.on("data", (piece) => (text += String(piece)));
      response.on("error", reject);
      response.on("end", () => {
        if ((response.statusCode ?? 500) >= 300) reject(new Error(`${method} ${url} was answered with ${response.statusCode}: ${text}`));
        else resolve({ location: response.headers.location ?? "" });
      });
    });
    sent.on("error", reject);
    Readable.from(body).pipe(sent);
  });
}
