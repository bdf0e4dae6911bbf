import { isOciError, MismatchError, missesContent, OciError, quote } from "../../base/mod.ts";
import { digestBytes } from "../../content/mod.ts";
import { type HttpResponse, TransientError } from "../../http/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import { type Digest, digestAlgorithm, isImageIndex, type ManifestDocument, tryParseDigest } from "../../spec/mod.ts";
import { type Access, blobKey, manifestPath, memoryKey } from "./access.ts";
import { failureOf, mayHaveHappened, registryError } from "./errors.ts";
import { findManifest, readManifest } from "./read.ts";

const maximumSize = 4 * 1024 * 1024;
/** What to do about a conflict. */
const advice = "run it again";

/** Options of {@linkcode writeManifest}. */
export interface WriteManifestOptions extends ContentOptions {
  /** What the name must stand for just before each try; undefined for nothing. @default whatever it stands for is replaced */
  readonly expected?: Digest | undefined;
}

/** What writing a manifest told. */
export interface Written {
  /** Whether the registry keeps track of subjects itself. */
  readonly tracksSubject: boolean;
}

/**
 * Puts a manifest at a tag or digest, byte for byte. After a try that may have succeeded the registry is asked before the next.
 * @throws {MismatchError} if the registry says that it stored something else; {@linkcode OciError} `CONFLICT` if the name does
 * not stand for what was expected
 */
export async function writeManifest(access: Access, version: string, document: ManifestDocument, options: WriteManifestOptions = {}): Promise<Written> {
  const { bytes, descriptor } = document;
  const doing = `Cannot push ${access.nameOf(version)}`;
  if (bytes.length > maximumSize) throw new OciError("LIMIT", `${doing}: ${bytes.length} bytes are more than the 4 MiB registries take`);
  const signal = options.signal ? { signal: options.signal } : {};
  const request = { method: "PUT", headers: { "content-type": descriptor.mediaType }, body: bytes, doing, ...signal } as const;
  const put = async (at: string, headers: Readonly<Record<string, string>>) => {
    const sent = { ...request, at: manifestPath(at), headers: { ...request.headers, ...headers } };
    return await accept(access, document, { response: await access.send(sent), request });
  };
  const check = async () => ("expected" in options ? await checkExpected(access, version, { expected: options.expected, ...signal }) : {});
  let held = await check();
  let isUnsure = false;
  return await access.client.http.retry(async () => {
    if (isUnsure) {
      const there = await findManifest(access, version, { ...signal, doing });
      // The answer that got lost would have said whether the registry keeps track of the subject: the same again, by digest, says it.
      if (there?.descriptor?.digest === descriptor.digest) return document.value.subject ? await put(descriptor.digest, {}) : { tracksSubject: false };
      held = await check();
    }
    try {
      return await put(version, held);
    } catch (error) {
      isUnsure = mayHaveHappened(error);
      if (isOciError(error, "CONFLICT")) throw new OciError("CONFLICT", `${error.message}, ${advice}`, { cause: error });
      throw isContradiction(access, document, error) ? new TransientError(error) : error;
    }
  }, signal);
}

/** Tells whether the registry misses what it has said it has: one of its copies that has not heard of it yet, which passes. */
function isContradiction(access: Access, { value }: ManifestDocument, error: unknown): boolean {
  if (!missesContent(error)) return false;
  const { brought, present, implied, written } = access.client.memory;
  const isKnown = (at: string): boolean => present.has(at) || implied.has(at) || written.has(at);
  if (isImageIndex(value)) return value.manifests.length > 0 && value.manifests.every(({ digest }) => isKnown(memoryKey(access, digest)));
  return [value.config, ...value.layers].every((blob) => brought.has(blobKey(access, blob)));
}

interface Answered {
  readonly response: HttpResponse;
  readonly request: { readonly method: "PUT"; readonly doing: string };
}

async function accept(access: Access, document: ManifestDocument, { response, request }: Answered): Promise<Written> {
  if (response.status >= 300) throw await failureOf(response, request);
  await response.discard();
  // A login page in between answers everything with 200.
  const isTold = response.status === 201 || response.headers.has("docker-content-digest") || response.headers.has("location");
  if (!isTold) throw new OciError("REGISTRY", `${request.doing}: the answer ${response.status} does not say that anything was stored, expected 201`);
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

interface ExpectedState extends ContentOptions {
  readonly expected: Digest | undefined;
}

/** Checks just before writing that `version` still is what the caller read, and returns the header that holds it so where the registry has entity tags. */
async function checkExpected(access: Access, version: string, { expected, ...options }: ExpectedState): Promise<Readonly<Record<string, string>>> {
  const doing = `Cannot push ${access.nameOf(version)}`;
  const status = await findManifest(access, version, { ...options, doing });
  const actual = status && (status.descriptor?.digest ?? (await digestOf(access, version, options)));
  if (actual === expected) return status?.etag === undefined ? {} : { "if-match": status.etag };
  const seen = actual === undefined ? "it has been removed" : `it is ${actual} now`;
  const wanted = expected === undefined ? "expected nothing there" : `expected ${expected}`;
  throw new OciError("CONFLICT", `${doing}: somebody changed it in between, ${seen}, ${wanted}, ${advice}`);
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
