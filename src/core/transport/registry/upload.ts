import { type ByteStream, type Bytes, iterate, RegistryError, streamOf } from "../../base/mod.ts";
import { TransientError } from "../../http/mod.ts";
import type { BlobOutcome } from "../../port/mod.ts";
import { blobPath } from "./access.ts";
import { openAhead } from "./ahead.ts";
import { sendChunks } from "./chunks.ts";
import { mayHaveHappened, registryError } from "./errors.ts";
import { mount, mountFromItself } from "./mount.ts";
import { keepRepository, recallRepository } from "./recall.ts";
import { closingUrl, dropSession, expectCreated, resumeSession, type Session, signalOf, startSession, type Upload } from "./session.ts";

/** A blob of this size or less is sent sooner than asked for. */
const smallSize = 1024 * 1024;

/** Puts a blob: mounted where it lies in the same registry, as far as that is known, not sent where it is, else sent in one piece. */
export async function putBlob(upload: Upload): Promise<BlobOutcome> {
  const outcome = await bringBlob(upload);
  if (upload.descriptor.size > smallSize) await keepRepository(upload.access, upload.descriptor.digest);
  return outcome;
}

async function bringBlob(upload: Upload): Promise<BlobOutcome> {
  const { access, descriptor, options } = upload;
  const { from, again = false } = options;
  if (again) return await send(upload, undefined, { asks: false });
  const isNear = from !== undefined && from.origin === access.repository.origin;
  const isHere = isNear && from.repository === access.repository.repository;
  if (isHere && from.isMirrored !== true) return "exists";
  const near = isNear ? from.repository : descriptor.size > smallSize ? await recallRepository(access, descriptor.digest) : undefined;
  const mounted = near !== undefined && !isHere ? await mount(upload, near) : undefined;
  if (mounted === "mounted") return "mounted";
  if (descriptor.size > smallSize && (await hasBlob(upload))) {
    if (mounted) await dropSession(upload, mounted);
    return "exists";
  }
  return await send(upload, mounted, { asks: (!isNear || isHere) && descriptor.size <= smallSize });
}

/** Tells whether the repository has the blob. */
export async function hasBlob({ access, descriptor, doing, options }: Pick<Upload, "access" | "descriptor" | "doing" | "options">): Promise<boolean> {
  const request = { method: "HEAD", at: blobPath(descriptor.digest), doing, ...(options.signal && { signal: options.signal }) } as const;
  return await access.exchange(request, async (response) => {
    if (response.status !== 200 && response.status !== 404) throw await registryError(response, request);
    return response.status === 200;
  });
}

/** How far the sending of a blob is. */
interface Sending {
  /** The session to go on with. */
  session: Session | undefined;
  /** The session of a try that may have succeeded, wholly or in part. */
  broken: Session | undefined;
  /** Bytes that were there when the try before went on. */
  reached: number;
  /** Whether this try goes on further on than the one before. */
  isFurther: boolean;
  /** Whether to go on at all where a try broke off: a registry that once said something else than it has is not believed again. */
  mayResume: boolean;
}

/** Sends the blob until it is there; after a try that may have succeeded the registry is asked before the next. */
async function send(upload: Upload, first: Session | undefined, { asks }: { readonly asks: boolean }): Promise<BlobOutcome> {
  const { http } = upload.access.client;
  const sending: Sending = { session: first, broken: undefined, reached: 0, isFurther: false, mayResume: upload.descriptor.size > smallSize };
  return await http.retry<BlobOutcome>(
    async (attempt) => {
      if (sending.broken) {
        if (await hasBlob(upload)) return "copied";
        await resume(upload, sending, sending.broken);
      }
      const ahead = sending.session === undefined && upload.descriptor.size > 0 ? openAhead(upload.open) : undefined;
      try {
        return await begin(ahead ? { ...upload, open: ahead.open } : upload, sending, asks && attempt === 0);
      } finally {
        await ahead?.close();
      }
    },
    { ...signalOf(upload), gotFurther: () => sending.isFurther },
  );
}

/** Takes up the session that broke, where the registry has kept some of the blob; then only the rest is sent. */
async function resume(upload: Upload, sending: Sending, broken: Session): Promise<void> {
  sending.broken = undefined;
  sending.session = sending.mayResume ? await resumeSession(upload, broken) : undefined;
  const offset = sending.session?.offset ?? 0;
  sending.isFurther = offset > sending.reached;
  sending.reached = offset;
}

async function begin(upload: Upload, sending: Sending, asks: boolean): Promise<BlobOutcome> {
  const opened = sending.session ?? (asks ? await mountFromItself(upload) : undefined) ?? (await startSession(upload));
  sending.session = undefined;
  if (opened === "mounted") return "exists";
  const outcome = await sendTo(upload, opened, sending);
  upload.sessions.delete(opened.url.href);
  return outcome;
}

async function sendTo(upload: Upload, session: Session, sending: Sending): Promise<BlobOutcome> {
  const { access } = upload;
  const isResumed = session.offset > 0;
  try {
    if (isResumed || access.client.memory.chunked.has(access.key)) await sendChunks(upload, session);
    else await sendWhole(upload, session);
    return "copied";
  } catch (error) {
    if (mayHaveHappened(error) || (session.offset > 0 && error instanceof TransientError)) sending.broken = session;
    else if (isResumed && error instanceof RegistryError) {
      sending.mayResume = false;
      throw new TransientError(error);
    } else if (isRepeated(error) && (await hasBlob(upload))) return "exists";
    throw error;
  }
}

/** Tells whether the registry may have refused a blob because it has it; one large registry does. */
function isRepeated(error: unknown): boolean {
  if (!(error instanceof RegistryError) || error.answer.codes.includes("DIGEST_INVALID")) return false;
  return error.answer.status === 400 || error.answer.status === 403 || error.answer.status === 409;
}

/** Statuses with which registries refuse a blob in one piece. */
const wantsChunks: ReadonlySet<number> = new Set([405, 413, 416]);

async function sendWhole(upload: Upload, session: Session): Promise<void> {
  const { access, descriptor, options, doing } = upload;
  const open = async () => counted(await upload.open(), options.onProgress);
  const request = {
    method: "PUT",
    at: closingUrl(session.url, descriptor.digest),
    headers: { "content-type": "application/octet-stream" },
    body: descriptor.size === 0 ? new Uint8Array() : { length: descriptor.size, open },
    doing,
    ...signalOf(upload),
  } as const;
  const response = await access.send(request);
  if (wantsChunks.has(response.status)) {
    await response.discard();
    access.client.memory.chunked.add(access.key);
    upload.sessions.delete(session.url.href);
    Object.assign(session, await startSession(upload));
    return await sendChunks(upload, session);
  }
  await expectCreated(response, request);
}

function counted(stream: ByteStream, onProgress: ((bytes: number) => void) | undefined): ByteStream {
  return onProgress === undefined ? stream : streamOf(tell(stream, onProgress));
}

async function* tell(stream: ByteStream, onProgress: (bytes: number) => void): AsyncGenerator<Bytes, void, void> {
  for await (const piece of iterate(stream)) {
    yield piece;
    onProgress(piece.length);
  }
}
