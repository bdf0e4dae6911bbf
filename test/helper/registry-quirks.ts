import { type Answer, type Context, error, repositoryOf } from "./registry-state.ts";
import type { LooseManifest, Quirks, SeenRequest } from "./registry-types.ts";

/** A request to a repository, taken apart. */
export interface Asked {
  readonly url: URL;
  readonly body: Uint8Array;
  readonly repository: string;
  /** `manifests`, `blobs`, `uploads`, `referrers` or `tags`. */
  readonly kind: string;
  /** What follows the kind in the path. */
  readonly rest: string;
}

/** Tells whether this is one of every `count`. */
function isTurn(context: Context, name: string, every: number): boolean {
  const count = (context.counts.get(name) ?? 0) + 1;
  context.counts.set(name, count);
  return count % every === 0;
}

/** Returns what a quirk answers instead of what the specification says, before anything is done. */
export function refuseRequest(context: Context, seen: SeenRequest, asked: Asked): Answer | undefined {
  const { quirks } = context.options;
  if (!quirks) return undefined;
  if (quirks.throttle && isTurn(context, "throttle", quirks.throttle[0])) return quirks.throttle[1];
  if (quirks.missingRepository && !context.repositories.has(asked.repository)) return quirks.missingRepository;
  if (asked.kind === "uploads") return refuseUpload(context, seen, asked);
  if (asked.kind === "manifests") return refuseReading(context, seen, asked);
  if (asked.kind === "referrers") return quirks.referrers;
  return asked.kind === "blobs" && seen.method === "GET" && quirks.redirectsBlobs ? redirect(context, asked) : undefined;
}

function refuseUpload(context: Context, { method }: SeenRequest, asked: Asked): Answer | undefined {
  const quirks: Quirks = context.options.quirks ?? {};
  const { searchParams } = asked.url;
  if (method === "POST" && searchParams.has("mount")) return refuseMount(context, asked.repository, searchParams.get("from"));
  if (method === "PATCH" && quirks.patch) return quirks.patch;
  if (method === "PATCH" && quirks.patchLimit && asked.body.length > quirks.patchLimit[0]) return quirks.patchLimit[1];
  if (method !== "PUT") return undefined;
  if (asked.body.length > 0 && quirks.wholeBlob) return quirks.wholeBlob;
  return repositoryOf(context, asked.repository).blobs.has(searchParams.get("digest") ?? "") ? quirks.knownBlob : undefined;
}

function refuseMount(context: Context, repository: string, from: string | null): Answer | undefined {
  const quirks: Quirks = context.options.quirks ?? {};
  if (from === null) return quirks.mountFromAnywhere;
  if (!context.repositories.has(from)) return quirks.mountFromMissing;
  return from === repository ? undefined : quirks.mount;
}

function refuseReading(context: Context, { method }: SeenRequest, { repository, rest }: Asked): Answer | undefined {
  const quirks: Quirks = context.options.quirks ?? {};
  const { manifests, tags } = repositoryOf(context, repository);
  const subject = /^sha256-([0-9a-f]{64})$/.exec(rest)?.[1];
  if (quirks.subjectTag && subject !== undefined && manifests.has(`sha256:${subject}`)) tags.set(rest, `sha256:${subject}`);
  if (manifests.has(rest) || tags.has(rest) || (method !== "HEAD" && method !== "GET")) return undefined;
  if (!rest.includes(":") && quirks.missingTag) return quirks.missingTag;
  return (method === "HEAD" ? quirks.missingHead : undefined) ?? quirks.missingManifest;
}

function redirect({ tokenOrigin }: Context, { repository, rest }: Asked): Answer {
  return { status: 307, headers: { location: `${tokenOrigin}/storage/${repository}/${rest}?X-Signature=CANARY` } };
}

/** Answers for the storage behind a registry, which takes a signed URL or credentials, and not both. */
export function serveStorage(context: Context, { headers }: SeenRequest, { pathname }: URL): Answer {
  if (headers.authorization !== undefined) return { status: 400, body: "<Error><Code>InvalidAuthenticationInfo</Code></Error>" };
  const [, repository = "", digest = ""] = /^\/storage\/(.+)\/([^/]+)$/.exec(decodeURIComponent(pathname)) ?? [];
  const bytes = repositoryOf(context, repository).blobs.get(digest);
  return bytes ? { status: 200, headers: { "content-type": "binary/octet-stream" }, body: bytes } : error(404, "BLOB_UNKNOWN");
}

/** Where a manifest is put. */
export interface ManifestPut {
  readonly repository: string;
  readonly mediaType: string;
  readonly reference: string;
  readonly digest: string;
}

/** Returns what a quirk has against a manifest. */
export function refuseManifest(context: Context, manifest: LooseManifest, put: ManifestPut): Answer | undefined {
  const quirks: Quirks = context.options.quirks ?? {};
  const children = manifest.manifests ?? [];
  const layers = manifest.layers ?? [];
  if (manifest.mediaType === undefined && quirks.untypedManifest) return quirks.untypedManifest;
  if (put.mediaType.includes("docker") && quirks.dockerTypes) return quirks.dockerTypes;
  if (children.some(({ mediaType }) => /index|manifest\.list/.test(mediaType)) && quirks.nestedIndex) return quirks.nestedIndex;
  if (children.some(({ mediaType }) => !mediaType.includes("manifest")) && quirks.foreignChild) return quirks.foreignChild;
  if (new Set(children.map(({ digest }) => digest)).size < children.length && quirks.repeatedChild) return quirks.repeatedChild;
  if (new Set(layers.map(({ digest }) => digest)).size < layers.length && quirks.repeatedLayer) return quirks.repeatedLayer;
  if (quirks.forgetful && isTurn(context, "manifests", quirks.forgetful[0])) return quirks.forgetful[1];
  return refuseTag(context, quirks, put);
}

function refuseTag(context: Context, quirks: Quirks, { repository, mediaType, reference, digest }: ManifestPut): Answer | undefined {
  const { manifests, tags } = repositoryOf(context, repository);
  const before = tags.get(reference);
  if (before === undefined || before === digest) return undefined;
  return quirks.movedTag ?? (manifests.get(before)?.mediaType === mediaType ? undefined : quirks.changedType);
}

/** Returns what a quirk has against a token for these scopes. */
export function refuseToken({ options, repositories }: Context, scopes: readonly string[]): Answer | undefined {
  const names = scopes.map((scope) => /^repository:(.+):[^:]*$/.exec(scope)?.[1] ?? "");
  return names.length > 1 && names.some((name) => !repositories.has(name)) ? options.quirks?.scopeOfMissing : undefined;
}

/** Returns the answer as the registry's quirks make it. */
export function adjustAnswer(context: Context, { method, path }: SeenRequest, answer: Answer): Answer {
  const { quirks } = context.options;
  if (!quirks) return answer;
  const headers = { ...answer.headers };
  if (method === "PATCH" && answer.status === 202) {
    if (quirks.stuckRange) headers.range = "0-0";
    return { ...answer, headers: lengthen(headers, quirks), status: quirks.chunkStatus ?? 202 };
  }
  if (method === "GET" && quirks.silentGet) delete headers["docker-content-digest"];
  if (method === "HEAD" && path.includes("/manifests/") && answer.status === 200 && quirks.headLength !== undefined)
    headers["content-length"] = String(Number(headers["content-length"]) + quirks.headLength);
  return { ...answer, headers: lengthen(headers, quirks) };
}

function lengthen(
  headers: Readonly<Record<string, string | readonly string[]>>,
  { longLocation }: Quirks,
): Readonly<Record<string, string | readonly string[]>> {
  const { location } = headers;
  if (longLocation === undefined || typeof location !== "string" || !location.includes("/uploads/")) return { ...headers };
  const [path = ""] = location.split("?");
  return { ...headers, location: `${path}?upload_state=${"x~(".repeat(longLocation / 3)}` };
}
