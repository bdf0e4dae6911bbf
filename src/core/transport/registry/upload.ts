import { type ByteStream, type Bytes, iterate, RegistryError, streamOf } from "../../base/mod.ts";
import { type HttpResponse, resolveHop } from "../../http/mod.ts";
import type { BlobOutcome, PutBlobOptions } from "../../port/mod.ts";
import type { Descriptor } from "../../spec/mod.ts";
import { type Access, blobPath } from "./access.ts";
import { openAhead } from "./ahead.ts";
import { sendChunks } from "./chunks.ts";
import { failureOf, mayHaveHappened, registryError } from "./errors.ts";

/** A blob of this size or less is sent sooner than asked for. */
const smallSize = 1024 * 1024;

/** An upload session. */
export interface Session {
  /** Where the next piece goes. */
  readonly url: URL;
  /** Least size of a chunk but the last. */
  readonly chunkMinimum: number;
}

/** A blob on its way to a repository. */
export interface Upload {
  /** The repository. */
  readonly access: Access;
  /** What is put. */
  readonly descriptor: Descriptor;
  /** Opens the content. */
  readonly open: () => Promise<ByteStream>;
  /** The options it was put with. */
  readonly options: PutBlobOptions;
  /** Sessions that are open. */
  readonly sessions: Set<string>;
  /** How the sentence of a failure begins. */
  readonly doing: string;
}

/** Puts a blob: mounted where it lies in the same registry, not sent where it is, else sent in one piece. */
export async function putBlob(upload: Upload): Promise<BlobOutcome> {
  const { access, descriptor, options } = upload;
  const { from } = options;
  const isNear = from !== undefined && from.origin === access.repository.origin;
  if (isNear && from.repository === access.repository.repository) return "exists";
  const mounted = isNear ? await mount(upload, from.repository) : undefined;
  if (mounted === "mounted") return "mounted";
  if (descriptor.size > smallSize && (await hasBlob(upload))) {
    if (mounted) await cancel(upload, mounted);
    return "exists";
  }
  return await send(upload, mounted);
}

/**
 * Asks the registry to take the blob over from another repository. Every refusal means an ordinary upload, that of a token
 * for both repositories too; an accepted session is the session to use.
 */
async function mount(upload: Upload, from: string): Promise<"mounted" | Session | undefined> {
  const { access, descriptor, doing } = upload;
  const at = `blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=${encodeURIComponent(from)}`;
  try {
    return await access.exchange({ method: "POST", at, body: new Uint8Array(), from, doing, ...signalOf(upload) }, async (response) => {
      const session = response.status === 202 ? openSession(upload, response) : undefined;
      await response.discard();
      return response.status === 201 ? ("mounted" as const) : session;
    });
  } catch (error) {
    const status = error instanceof RegistryError ? error.answer.status : 0;
    if (status >= 400 && status < 500 && status !== 429) return undefined;
    throw error;
  }
}

/** Tells whether the repository has the blob. */
export async function hasBlob({ access, descriptor, doing, options }: Pick<Upload, "access" | "descriptor" | "doing" | "options">): Promise<boolean> {
  const request = { method: "HEAD", at: blobPath(descriptor.digest), doing, ...(options.signal && { signal: options.signal }) } as const;
  return await access.exchange(request, async (response) => {
    if (response.status !== 200 && response.status !== 404) throw await registryError(response, request);
    return response.status === 200;
  });
}

/** Sends the blob until it is there; after a try that may have succeeded the registry is asked before the next. */
async function send(upload: Upload, first: Session | undefined): Promise<BlobOutcome> {
  const { access } = upload;
  const { http } = access.client;
  const state = { session: first, isUnsure: false };
  return await http.retry<BlobOutcome>(async () => {
    if (state.isUnsure && (await hasBlob(upload))) return "copied";
    const ahead = state.session === undefined && upload.descriptor.size > 0 ? openAhead(upload.open) : undefined;
    const task = ahead ? { ...upload, open: ahead.open } : upload;
    try {
      const session = state.session ?? (await start(task));
      state.session = undefined;
      await sendTo(task, session, state);
      upload.sessions.delete(session.url.href);
    } finally {
      await ahead?.close();
    }
    return "copied";
  }, signalOf(upload));
}

async function sendTo(upload: Upload, session: Session, state: { isUnsure: boolean }): Promise<void> {
  const { access } = upload;
  try {
    if (access.client.memory.chunked.has(access.key)) await sendChunks(upload, session);
    else await sendWhole(upload, session);
  } catch (error) {
    state.isUnsure = mayHaveHappened(error);
    throw error;
  }
}

async function start(upload: Upload): Promise<Session> {
  const { access, doing } = upload;
  const request = { method: "POST", at: "blobs/uploads/", body: new Uint8Array(), doing, ...signalOf(upload) } as const;
  return await access.exchange(request, async (response) => {
    if (response.status !== 202) throw await registryError(response, request);
    const session = openSession(upload, response);
    await response.discard();
    return session;
  });
}

function openSession(upload: Upload, response: HttpResponse): Session {
  const url = nextLocation(response);
  const minimum = response.headers.get("oci-chunk-min-length") ?? "";
  upload.sessions.add(url.href);
  return { url, chunkMinimum: /^\d{1,12}$/.test(minimum) ? Number(minimum) : 0 };
}

/** Returns where the answer says to go on; it may be relative, and another host. */
export function nextLocation(response: HttpResponse): URL {
  return resolveHop(response.headers.get("location"), response.url, { what: "upload location", secrets: response.secrets });
}

/** Returns `url` with the digest behind its query, as text: a query that is taken apart and put together again breaks signatures. */
export function closingUrl(url: URL, digest: string): URL {
  const { href } = url;
  return new URL(`${href}${href.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`);
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
    return await sendChunks(upload, await start(upload));
  }
  await expectCreated(response, request);
}

/** Accepts a finished upload. @throws for every other answer what {@linkcode failureOf} makes of it */
export async function expectCreated(response: HttpResponse, request: { readonly method: "PUT"; readonly doing: string }): Promise<void> {
  if (response.status === 201 || response.status === 204) return await response.discard();
  throw await failureOf(response, request);
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

/** Gives a session back, as far as the registry takes it (distribution-spec "Cancelling an upload"). */
async function cancel(upload: Upload, session: Session): Promise<void> {
  upload.sessions.delete(session.url.href);
  await cancelSession(upload.access, session.url.href);
}

/** Milliseconds a registry has to answer that it forgets a session. */
const cancelTime = 2000;

/** Deletes the session at `href`, after an interruption too; what goes wrong does not matter. */
export async function cancelSession(access: Access, href: string): Promise<void> {
  const late = new AbortController();
  const disarm = access.client.clock.after(cancelTime, () => late.abort());
  try {
    const response = await access.send({ method: "DELETE", at: new URL(href), doing: "Cannot cancel an upload", signal: late.signal });
    await response.discard();
  } catch {
    // The registry forgets sessions by itself after a while.
  } finally {
    disarm();
  }
}

function signalOf({ options }: Upload): { readonly signal?: AbortSignal } {
  return options.signal ? { signal: options.signal } : {};
}
