import { MismatchError, OciError, quote } from "../../base/mod.ts";
import { digestBytes } from "../../content/mod.ts";
import type { HttpResponse } from "../../http/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import { type Digest, digestAlgorithm, type ManifestDocument, tryParseDigest } from "../../spec/mod.ts";
import { type Access, manifestPath } from "./access.ts";
import { failureOf, mayHaveHappened, registryError } from "./errors.ts";
import { findManifest, readManifest } from "./read.ts";

const maximumSize = 4 * 1024 * 1024;

/** Options of {@linkcode writeManifest}. */
export interface WriteManifestOptions extends ContentOptions {
  /** Entity tag the name must still have. */
  readonly etag?: string;
}

/** What writing a manifest told. */
export interface Written {
  /** Whether the registry keeps track of subjects itself. */
  readonly tracksSubject: boolean;
}

/**
 * Puts a manifest at a tag or digest, byte for byte. After a try that may have succeeded the registry is asked before the next.
 * @throws {MismatchError} if the registry says that it stored something else
 */
export async function writeManifest(access: Access, version: string, document: ManifestDocument, options: WriteManifestOptions = {}): Promise<Written> {
  const { bytes, descriptor } = document;
  const doing = `Cannot push ${access.nameOf(version)}`;
  if (bytes.length > maximumSize) throw new OciError("LIMIT", `${doing}: ${bytes.length} bytes are more than the 4 MiB registries take`);
  const headers = { "content-type": descriptor.mediaType, ...(options.etag !== undefined && { "if-match": options.etag }) };
  const signal = options.signal ? { signal: options.signal } : {};
  const request = { method: "PUT", at: manifestPath(version), headers, body: bytes, doing, ...signal } as const;
  let isUnsure = false;
  return await access.client.http.retry(async () => {
    if (isUnsure && (await findManifest(access, version, { ...signal, doing }))?.descriptor?.digest === descriptor.digest) return { tracksSubject: false };
    try {
      return await accept(access, document, { response: await access.send(request), request });
    } catch (error) {
      isUnsure = mayHaveHappened(error);
      throw error;
    }
  }, signal);
}

interface Answered {
  readonly response: HttpResponse;
  readonly request: { readonly method: "PUT"; readonly doing: string };
}

async function accept(access: Access, document: ManifestDocument, { response, request }: Answered): Promise<Written> {
  if (response.status >= 300) throw await failureOf(response, request);
  await response.discard();
  const stated = tryParseDigest(response.headers.get("docker-content-digest") ?? "");
  checkStored(access, document, { stated, doing: request.doing });
  return { tracksSubject: response.headers.has("oci-subject") };
}

function checkStored(
  { client }: Access,
  { bytes }: ManifestDocument,
  { stated, doing }: { readonly stated: Digest | undefined; readonly doing: string },
): void {
  const algorithm = stated && digestAlgorithm(stated);
  if (stated === undefined || algorithm === undefined) return;
  const sent = digestBytes(client.hash, bytes, algorithm);
  if (sent !== stated) throw new MismatchError(`the registry's answer (${doing})`, sent, stated);
}

/** What {@linkcode checkExpected} compares. */
export interface ExpectedState extends ContentOptions {
  /** What the name must stand for; undefined for nothing. */
  readonly expected: Digest | undefined;
}

/** Checks just before writing that `version` still is what the caller read, and returns the entity tag that holds it so. @throws {OciError} `CONFLICT` */
export async function checkExpected(access: Access, version: string, { expected, ...options }: ExpectedState): Promise<{ readonly etag?: string }> {
  const doing = `Cannot push ${access.nameOf(version)}`;
  const status = await findManifest(access, version, { ...options, doing });
  const actual = status && (status.descriptor?.digest ?? (await digestOf(access, version, options)));
  if (actual === expected) return status?.etag === undefined ? {} : { etag: status.etag };
  const seen = actual === undefined ? "it has been removed" : `it is ${actual} now`;
  const wanted = expected === undefined ? "expected nothing there" : `expected ${expected}`;
  throw new OciError("CONFLICT", `${doing}: somebody changed it in between, ${seen}, ${wanted}`);
}

async function digestOf(access: Access, version: string, options: ContentOptions): Promise<Digest> {
  return (await readManifest(access, version, options)).descriptor.digest;
}

/** Takes a tag away. @throws {OciError} `NOT_FOUND`, `UNSUPPORTED` where the registry refuses */
export async function removeTag(access: Access, tag: string, { signal }: ContentOptions = {}): Promise<void> {
  const name = access.nameOf(tag);
  const request = { method: "DELETE", at: manifestPath(tag), doing: `Cannot remove ${name}`, ...(signal && { signal }) } as const;
  await access.exchange(request, async (response) => {
    if (response.status < 300) return await response.discard();
    const error = await registryError(response, request);
    if (response.status !== 405 && response.status !== 400) throw error;
    throw new OciError(
      "UNSUPPORTED",
      `Cannot remove ${name}: the registry refuses to delete tags (${quote([response.status, ...error.answer.codes].join(" "))})`,
      { cause: error },
    );
  });
}
