import type { ByteStream } from "../../base/mod.ts";
import { type HttpResponse, resolveHop } from "../../http/mod.ts";
import type { PutBlobOptions } from "../../port/mod.ts";
import type { Descriptor } from "../../spec/mod.ts";
import type { Access } from "./access.ts";
import { failureOf, registryError } from "./errors.ts";

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

/** An upload session; what is known of it changes while it is used. */
export interface Session {
  /** Where the next piece goes. */
  url: URL;
  /** Bytes the registry has. */
  offset: number;
  /** Least size of a chunk but the last. */
  readonly chunkMinimum: number;
}

/** Begins a session. @throws {OciError} what the registry says */
export async function startSession(upload: Upload): Promise<Session> {
  const { access, doing } = upload;
  return await opening(upload, async (signal) => {
    const request = { method: "POST", at: "blobs/uploads/", body: new Uint8Array(), doing, ...signal } as const;
    return await access.exchange(request, async (response) => {
      if (response.status !== 202) throw await registryError(response, request);
      const session = openSession(upload, response);
      await response.discard();
      return session;
    });
  });
}

/** Milliseconds for which an interruption waits to hear of a session that is being opened. */
const openTime = 2000;

/** Runs what opens a session. One whose address is never heard stays open for ever, so an interruption waits a moment for the answer. */
export async function opening<T>({ access, options }: Upload, task: (signal: { readonly signal?: AbortSignal }) => Promise<T>): Promise<T> {
  const { signal } = options;
  if (signal === undefined) return await task({});
  signal.throwIfAborted();
  const late = new AbortController();
  let disarm = (): void => {};
  const wait = (): void => {
    disarm = access.client.clock.after(openTime, () => late.abort(signal.reason));
  };
  signal.addEventListener("abort", wait, { once: true });
  try {
    return await task({ signal: late.signal });
  } finally {
    signal.removeEventListener("abort", wait);
    disarm();
  }
}

/** Returns the session that an answer has opened. */
export function openSession(upload: Upload, response: HttpResponse): Session {
  const url = locationOf(response);
  const minimum = response.headers.get("oci-chunk-min-length") ?? "";
  upload.sessions.add(url.href);
  return { url, offset: 0, chunkMinimum: /^\d{1,12}$/.test(minimum) ? Number(minimum) : 0 };
}

/** Lets `session` go on at where the answer says: only the newest location counts. */
export function moveSession({ sessions }: Upload, session: Session, response: HttpResponse): void {
  sessions.delete(session.url.href);
  session.url = locationOf(response);
  sessions.add(session.url.href);
}

/** Returns where the answer says to go on; it may be relative, and another host. */
function locationOf(response: HttpResponse): URL {
  return resolveHop(response.headers.get("location"), response.url, { what: "upload location", secrets: response.secrets });
}

/** Returns `url` with the digest behind its query, as text: a query that is taken apart and put together again breaks signatures. */
export function closingUrl(url: URL, digest: string): URL {
  const { href } = url;
  return new URL(`${href}${href.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`);
}

/**
 * Asks how much of a broken upload has arrived (distribution-spec "Resuming an upload"), and returns the session to go on with;
 * undefined where nothing has, or where the registry has forgotten it, as some do at once.
 */
export async function resumeSession(upload: Upload, session: Session): Promise<Session | undefined> {
  const { access, descriptor, doing } = upload;
  return await access.exchange({ method: "GET", at: session.url, doing, ...signalOf(upload) }, async (response) => {
    await response.discard();
    const [, end = "0"] = /^(?:bytes=)?0-(\d{1,15})$/.exec(response.headers.get("range") ?? "") ?? [];
    const offset = Number(end) + 1;
    // The range of nothing is written 0-0, for want of a better.
    if (response.status >= 300 || end === "0" || offset > descriptor.size) return undefined;
    if (response.headers.has("location")) moveSession(upload, session, response);
    return { ...session, offset };
  });
}

/** Gives a session back, as far as the registry takes it (distribution-spec "Cancelling an upload"). */
export async function dropSession(upload: Upload, { url }: Session): Promise<void> {
  upload.sessions.delete(url.href);
  await cancelSession(upload.access, url.href);
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

/** Accepts a finished upload. @throws for every other answer what {@linkcode failureOf} makes of it */
export async function expectCreated(response: HttpResponse, request: { readonly method: "PUT"; readonly doing: string }): Promise<void> {
  if (response.status === 201 || response.status === 204) return await response.discard();
  throw await failureOf(response, request);
}

/** Returns the signal of `upload` as the option it is elsewhere. */
export function signalOf({ options }: Upload): { readonly signal?: AbortSignal } {
  return options.signal ? { signal: options.signal } : {};
}
