import { type ByteStream, type Bytes, iterate, OciError, skipBytes, streamOf } from "../../base/mod.ts";
import { type HttpResponse, isTransientFailure } from "../../http/mod.ts";
import type { Access, RegistryRequest } from "./access.ts";
import { registryError } from "./errors.ts";

/** What is being downloaded. */
export interface Download {
  /** The body as it began. */
  readonly first: ByteStream;
  /** Bytes it must have. */
  readonly size: number;
}

/** Bytes that a try must have brought for the next one to count anew. */
const leastProgress = 64 * 1024;

/** Returns the body of `request`, asked for again from where it broke as long as something comes at all. */
export function continueDownload(access: Access, request: RegistryRequest, download: Download): ByteStream {
  return streamOf(pieces(access, request, download), request.signal);
}

async function* pieces(access: Access, request: RegistryRequest, { first, size }: Download): AsyncGenerator<Bytes, void, void> {
  let body: ByteStream | undefined = first;
  let offset = 0;
  for (let idle = 0; body !== undefined; idle++) {
    const before = offset;
    try {
      for await (const piece of iterate(body)) {
        offset += piece.length;
        yield piece;
      }
      // Too much or too little is for the verification to say, after the last try.
      if (offset >= size || idle >= access.client.retries) return;
    } catch (error) {
      if (!isTransientFailure(error) || idle >= access.client.retries) throw error;
    }
    // A body that breaks after every few bytes is no progress.
    if (offset - before >= leastProgress || offset >= size) idle = 0;
    body = await openFrom(access, request, { offset, size });
  }
}

/** Returns the rest of the body, or undefined where the registry has no more of it. */
async function openFrom(
  access: Access,
  request: RegistryRequest,
  { offset, size }: { readonly offset: number; readonly size: number },
): Promise<ByteStream | undefined> {
  // Somebody may be sending what is read here, and wait for it in the only place at this very host.
  const ranged = { ...request, urgent: true, ...(offset > 0 && { headers: { ...request.headers, range: `bytes=${offset}-` } }) };
  return await access.exchange(ranged, async (response) => {
    if (response.status === 416) {
      await response.discard();
      return undefined;
    }
    if (response.status === 206) {
      await checkRange(response, { offset, size }, request.doing);
      return response.body;
    }
    if (response.status !== 200) throw await registryError(response, request);
    return skipBytes(response.body, offset);
  });
}

async function checkRange(response: HttpResponse, { offset, size }: { readonly offset: number; readonly size: number }, doing: string): Promise<void> {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "") ?? [];
  if (start === String(offset) && (total === "*" || total === String(size))) return;
  await response.discard();
  throw new OciError("REGISTRY", `${doing}: the registry answered with another range than bytes ${offset} to the end of ${size}`);
}
