import { type ByteStream, type Bytes, MismatchError, OciError, quote } from "../base/mod.ts";
import type { Hash } from "../port/mod.ts";
import { type Descriptor, type Digest, type DigestAlgorithm, digestAlgorithm } from "../spec/mod.ts";

/** What content is held to: the digest and size of a descriptor. */
export type Promised = Pick<Descriptor, "digest" | "size">;

/** Returns the digest of `bytes`. */
export function digestBytes(hash: Hash, bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  const hasher = hash(algorithm);
  hasher.update(bytes);
  return `${algorithm}:${hasher.digest()}`;
}

/** Returns the algorithm that verifies `digest`; `what` names the content. @throws {OciError} `UNSUPPORTED` */
export function verifiableAlgorithm(digest: Digest, what: string): DigestAlgorithm {
  const algorithm = digestAlgorithm(digest);
  if (algorithm === undefined) throw new OciError("UNSUPPORTED", `Cannot verify ${what}: ${quote(digest)} is neither a sha256 nor a sha512 digest`);
  return algorithm;
}

/**
 * Checks the size of `bytes`, then their digest; `what` names them in the error.
 * @throws {MismatchError} if either is not the one promised
 * @throws {OciError} `UNSUPPORTED` for a digest that cannot be verified
 */
export function verifyBytes(hash: Hash, bytes: Uint8Array, promised: Promised, what: string): void {
  const algorithm = verifiableAlgorithm(promised.digest, what);
  if (bytes.length !== promised.size) throw wrongSize(what, promised, String(bytes.length));
  const actual = digestBytes(hash, bytes, algorithm);
  if (actual !== promised.digest) throw new MismatchError(what, promised.digest, actual);
}

/**
 * Returns `stream` with a check: it fails as soon as more bytes come than promised, and at its end if they are too few or
 * have another digest. The last piece is held back until the digest is known to be right, so that a reader who stops at
 * the promised size has verified content too. Whenever it fails or is cancelled, so is `stream`.
 * @throws {OciError} `UNSUPPORTED` for a digest that cannot be verified
 */
export function verifyStream(hash: Hash, stream: ByteStream, promised: Promised, what: string): ByteStream {
  const algorithm = verifiableAlgorithm(promised.digest, what);
  const hasher = hash(algorithm);
  const reader = stream.getReader();
  let size = 0;

  const next = async (): Promise<Bytes | undefined> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      if (value.length === 0) continue;
      size += value.length;
      if (size > promised.size) throw wrongSize(what, promised, `more (${size} so far)`);
      hasher.update(value);
      return value;
    }
  };
  const pull = async (controller: ReadableStreamDefaultController<Bytes>): Promise<void> => {
    const piece = await next();
    if (piece !== undefined && size < promised.size) return controller.enqueue(piece);
    if (piece !== undefined) await next();
    if (size < promised.size) throw wrongSize(what, promised, String(size));
    const actual: Digest = `${algorithm}:${hasher.digest()}`;
    if (actual !== promised.digest) throw new MismatchError(what, promised.digest, actual);
    if (piece !== undefined) controller.enqueue(piece);
    controller.close();
  };
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        try {
          await pull(controller);
        } catch (error) {
          reader.cancel(error).catch(() => {});
          throw error;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function wrongSize(what: string, promised: Promised, actual: string): MismatchError {
  return new MismatchError(what, `${promised.size} bytes`, actual.includes("(") ? actual : `${actual} bytes`);
}
