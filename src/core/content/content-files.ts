import { type ByteStream, type Bytes, iterate, MismatchError, OciError, quote } from "../base/mod.ts";
import type { ContentOptions, FileStatus, Host } from "../port/mod.ts";
import { type Descriptor, type Digest, encodedDigest, type ManifestDocument } from "../spec/mod.ts";
import { openDocument } from "./document.ts";
import { publishFile, sweepTemporaries } from "./publish.ts";
import { type Promised, verifiableAlgorithm, verifyBytes, verifyStream } from "./verify.ts";

/** Options of {@linkcode ContentFiles.put}. */
export interface PutContentOptions extends ContentOptions {
  /** Is told of every piece that was taken in. */
  readonly onProgress?: (bytes: number) => void;
}

/** Content in files that are named by its digest: `DIRECTORY/sha256/…`, as in an OCI layout's `blobs`. A symbolic link there is never followed. */
export interface ContentFiles {
  /** Returns where content of this digest lies. @throws {OciError} `UNSUPPORTED` for a digest that cannot be verified */
  path(digest: Digest): string;
  /** Tells whether content of this digest (and size, when given) is there; its bytes are not read. */
  has(digest: Digest, size?: number): Promise<boolean>;
  /** Returns content as a stream that fails at its end if digest or size differ. @throws {OciError} `NOT_FOUND`, `MISMATCH` */
  read(promised: Promised, options?: ContentOptions): Promise<ByteStream>;
  /** Returns small content, verified. @throws {OciError} `NOT_FOUND`, `MISMATCH`, `LIMIT` over 4 MiB */
  readSmall(promised: Promised, options?: ContentOptions): Promise<Bytes>;
  /** Returns a manifest, verified; with size 0 the size is not known. @throws {OciError} `NOT_FOUND`, `MISMATCH`, `LIMIT` over 4 MiB, `INVALID` */
  readManifest(descriptor: Descriptor, options?: ContentOptions): Promise<ManifestDocument>;
  /**
   * Puts content there, whole or not at all. What is there already is read and verified: right, it stays and `content` is not
   * opened (a stream is cancelled); wrong, it is replaced.
   * @throws {OciError} `MISMATCH` if the content is not the one promised
   */
  put(promised: Promised, content: ByteStream | (() => Promise<ByteStream>), options?: PutContentOptions): Promise<"copied" | "exists">;
}

/** What {@linkcode openContentFiles} needs of a host. */
export type ContentFilesHost = Pick<Host, "files" | "hash" | "random" | "clock">;

const smallLimit = 4 * 1024 * 1024;

/**
 * Returns the content-addressed files in `directory`; nothing is read or made before it is needed.
 * @example Put and read
 * ```ts
 * import assert from "node:assert/strict";
 * import { openContentFiles } from "ocidex/content";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const content = openContentFiles(memoryHost(), "/blobs");
 * const promised = { digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", size: 2 } as const;
 * assert.equal(await content.put(promised, new Blob(["{}"]).stream()), "copied");
 * assert.equal(new TextDecoder().decode(await content.readSmall(promised)), "{}");
 * ```
 */
export function openContentFiles(host: ContentFilesHost, directory: string): ContentFiles {
  const { files, hash } = host;
  const swept = new Set<string>();
  const name = (digest: Digest) => `blob ${digest} in ${quote(directory)}`;

  const parent = (digest: Digest) => files.join(directory, verifiableAlgorithm(digest, name(digest)));
  const path = (digest: Digest) => files.join(parent(digest), encodedDigest(digest));

  /** Returns what lies there. @throws {OciError} `INVALID` for links and anything else that is no plain file */
  const find = async (digest: Digest): Promise<FileStatus | undefined> => {
    for (const folder of [directory, parent(digest)]) {
      const status = await files.status(folder);
      if (status === undefined) return undefined;
      if (status.kind !== "directory") throw notPlain(name(digest), folder, "directory");
    }
    const status = await files.status(path(digest));
    if (status !== undefined && status.kind !== "file") throw notPlain(name(digest), path(digest), "file");
    return status;
  };
  const need = async (digest: Digest): Promise<FileStatus> => {
    const status = await find(digest);
    if (status === undefined) throw new OciError("NOT_FOUND", `Cannot read ${name(digest)}: there is no such file`);
    return status;
  };
  const read = async (promised: Promised, options: ContentOptions = {}): Promise<ByteStream> => {
    const status = await need(promised.digest);
    if (status.size !== promised.size) throw new MismatchError(name(promised.digest), `${promised.size} bytes`, `${status.size} bytes`);
    const stream = await files.read(path(promised.digest), options.signal ? { signal: options.signal } : {});
    return verifyStream(hash, stream, promised, name(promised.digest));
  };
  const readLimited = async (digest: Digest, options: ContentOptions = {}): Promise<Bytes> => {
    options.signal?.throwIfAborted();
    const { size } = await need(digest);
    if (size > smallLimit) throw new OciError("LIMIT", `Cannot read ${name(digest)}: ${size} bytes are more than 4 MiB`);
    return files.readFile(path(digest), smallLimit);
  };
  /** Tells whether the right bytes are there; wrong ones count as nothing, since they will be replaced. */
  const holds = async (promised: Promised, options: ContentOptions): Promise<boolean> => {
    const status = await find(promised.digest);
    if (status?.size !== promised.size) return false;
    try {
      for await (const _ of iterate(await read(promised, options)));
      return true;
    } catch (error) {
      if (error instanceof MismatchError) return false;
      throw error;
    }
  };
  /** Makes the folder for `digest`; a name is on the disk only when its directory is, so those above are synced too. */
  const prepare = async (digest: Digest): Promise<void> => {
    const folder = parent(digest);
    if ((await files.status(folder)) === undefined) {
      await files.makeDirectory(folder);
      for (const above of [directory, files.dirname(directory)]) await files.syncDirectory(above);
    }
    if (swept.has(folder)) return;
    swept.add(folder);
    await sweepTemporaries(files, folder, host.clock);
  };

  return {
    path,
    async has(digest, size) {
      const status = await find(digest);
      return status !== undefined && (size === undefined || status.size === size);
    },
    read,
    async readSmall(promised, options) {
      const bytes = await readLimited(promised.digest, options);
      verifyBytes(hash, bytes, promised, name(promised.digest));
      return bytes;
    },
    async readManifest(descriptor, options) {
      const bytes = await readLimited(descriptor.digest, options);
      return openDocument(hash, bytes, { what: `manifest ${descriptor.digest} in ${quote(directory)}`, expected: descriptor });
    },
    async put(promised, content, options = {}) {
      const stop = (reason: unknown) => void (typeof content === "function" || content.cancel(reason).catch(() => {}));
      let ready = false;
      try {
        options.signal?.throwIfAborted();
        ready = await holds(promised, options);
        if (!ready) await prepare(promised.digest);
      } catch (error) {
        stop(error);
        throw error;
      }
      if (ready) {
        stop(undefined);
        return "exists";
      }
      const stream = verifyStream(hash, typeof content === "function" ? await content() : content, promised, name(promised.digest));
      await publishFile(files, path(promised.digest), options.onProgress ? observe(stream, options.onProgress) : stream, {
        random: host.random,
        ...(options.signal && { signal: options.signal }),
      });
      return "copied";
    },
  };
}

function observe(stream: ByteStream, onProgress: (bytes: number) => void): ByteStream {
  return stream.pipeThrough(
    new TransformStream<Bytes, Bytes>({
      transform(piece, controller) {
        onProgress(piece.length);
        controller.enqueue(piece);
      },
    }),
  );
}

function notPlain(what: string, path: string, expected: "file" | "directory"): OciError {
  return new OciError("INVALID", `Cannot use ${what}: ${quote(path)} is not a plain ${expected}, links are not followed`);
}
