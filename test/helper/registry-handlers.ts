import { randomUUID } from "node:crypto";
import { adjustAnswer, refuseManifest, refuseRequest, refuseToken, serveStorage } from "./registry-quirks.ts";
import { type Answer, type Context, error, repositoryOf, sha256 } from "./registry-state.ts";
import type { LooseManifest, SeenRequest } from "./registry-types.ts";

/** Answers a request as the specification has it, but for the quirks of the registry. */
export function handle(context: Context, seen: SeenRequest, body: Uint8Array): Answer {
  const url = new URL(seen.path, context.origin);
  return adjustAnswer(context, seen, route(context, seen, { url, body }));
}

function route(context: Context, seen: SeenRequest, { url, body }: { readonly url: URL; readonly body: Uint8Array }): Answer {
  if (url.pathname.startsWith("/storage/")) return serveStorage(context, seen, url);
  if (url.pathname === "/token") return handleToken(context, seen, url, body);
  if (url.pathname === "/v2/") return authorise(context, seen, []) ?? { status: 200, body: "{}" };
  const match = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/(.+)$/.exec(url.pathname);
  if (!match) return error(404, "NAME_UNKNOWN");
  const [, name = "", kind = "", rest = ""] = match;
  const upload = /^(.+)\/blobs\/uploads\/(.*)$/.exec(url.pathname.slice("/v2/".length));
  const repository = upload?.[1] ?? name;
  const writing = !["GET", "HEAD"].includes(seen.method);
  const wanted: [string, string][] = [[repository, "pull"]];
  if (writing) wanted.push([repository, "push"]);
  const refused = authorise(context, seen, wanted);
  if (refused) return refused;
  const target = { context, seen, url, body, repository };
  const quirk = refuseRequest(context, seen, { url, body, repository, kind: upload ? "uploads" : kind, rest: decodeURIComponent(upload?.[2] ?? rest) });
  if (quirk) return quirk;
  if (upload) return handleUpload(target, upload[2] ?? "");
  if (kind === "manifests") return handleManifest(target, decodeURIComponent(rest));
  if (kind === "blobs") return handleBlob(target, decodeURIComponent(rest));
  if (kind === "referrers") return handleReferrers(target, decodeURIComponent(rest));
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, tags: [...repositoryOf(context, name).tags.keys()].sort() }),
  };
}

interface Target {
  readonly context: Context;
  readonly seen: SeenRequest;
  readonly url: URL;
  readonly body: Uint8Array;
  readonly repository: string;
}

function basicOf(username: string | null, password: string | null): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function userOf(context: Context, header: string | undefined): string | undefined {
  const { username = "user", password = "secret" } = context.options;
  return header === basicOf(username, password) ? username : undefined;
}

function authorise(context: Context, seen: SeenRequest, wanted: readonly (readonly [string, string])[]): Answer | undefined {
  const { auth = "none", anonymousPull = false } = context.options;
  const header = seen.headers.authorization;
  if (auth === "none") return undefined;
  const readsOnly = wanted.every(([, action]) => action === "pull");
  if (auth === "basic") {
    if (userOf(context, header) !== undefined || (anonymousPull && readsOnly && header === undefined)) return undefined;
    return { ...error(401, "UNAUTHORIZED"), headers: { "www-authenticate": 'Basic realm="test registry"', "content-type": "application/json" } };
  }
  const grant = header?.startsWith("Bearer ") ? context.tokens.get(header.slice(7)) : undefined;
  const allowed = wanted.every(([repository, action]) => grant?.scopes.get(repository)?.has(action));
  if (grant && allowed) return undefined;
  const scopes = [...new Set(wanted.map(([repository]) => repository))].map(
    (repository) =>
      `repository:${repository}:${wanted
        .filter(([name]) => name === repository)
        .map(([, action]) => action)
        .join(",")}`,
  );
  const scope = scopes.length === 0 ? "" : `,scope="${scopes.join(" ")}"`;
  const challenge = `Bearer realm="${context.tokenOrigin}/token",service="test registry"${scope}`;
  return { ...error(401, "UNAUTHORIZED"), headers: { "www-authenticate": challenge, "content-type": "application/json" } };
}

function handleToken(context: Context, seen: SeenRequest, url: URL, body: Uint8Array): Answer {
  const form = new URLSearchParams(new TextDecoder().decode(body));
  const refresh = seen.method === "POST" ? form.get("refresh_token") : undefined;
  const { username = "user", anonymousPull = false } = context.options;
  const known = refresh !== undefined && refresh !== null && refresh === context.options.identityToken;
  const typed = form.get("grant_type") === "password" ? basicOf(form.get("username"), form.get("password")) : undefined;
  const user = seen.method === "POST" && known ? username : userOf(context, seen.method === "POST" ? typed : seen.headers.authorization);
  if (seen.method === "POST" && user === undefined) return error(401, "UNAUTHORIZED");
  if (seen.headers.authorization !== undefined && user === undefined) return error(401, "UNAUTHORIZED", "incorrect username or password");
  const texts = seen.method === "POST" ? (form.get("scope") ?? "").split(" ") : url.searchParams.getAll("scope").flatMap((scope) => scope.split(" "));
  const refused = refuseToken(context, texts);
  if (refused) return refused;
  const scopes = new Map<string, Set<string>>();
  for (const text of texts.filter((scope) => scope.startsWith("repository:"))) {
    const [, repository = "", actions = ""] = /^repository:(.+):([^:]*)$/.exec(text) ?? [];
    const granted = actions.split(",").filter((action) => user !== undefined || (anonymousPull && action === "pull"));
    scopes.set(repository, new Set([...((context.options.quirks?.lastScopeOnly ? undefined : scopes.get(repository)) ?? []), ...granted]));
  }
  const token = randomUUID();
  context.tokens.set(token, { user, scopes });
  const { tokenReply } = context.options;
  const reply = tokenReply ? tokenReply(token) : { token, expires_in: 300 };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(reply) };
}

function handleBlob({ context, seen, repository }: Target, digest: string): Answer {
  const bytes = repositoryOf(context, repository).blobs.get(digest);
  if (!bytes) return error(404, "BLOB_UNKNOWN");
  if (seen.method === "DELETE") {
    repositoryOf(context, repository).blobs.delete(digest);
    return { status: 202 };
  }
  const headers: Record<string, string> = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
  if (context.options.digestHeader !== false) headers["docker-content-digest"] = digest;
  if (seen.method === "HEAD") return { status: 200, headers: { ...headers, "content-length": String(bytes.length) } };
  const range = /^bytes=(\d+)-(\d*)$/.exec(String(seen.headers.range ?? ""));
  if (!range) return { status: 200, headers, body: bytes };
  const start = Number(range[1]);
  const end = range[2] === "" ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
  if (start >= bytes.length) return error(416, "RANGE_INVALID");
  return { status: 206, headers: { ...headers, "content-range": `bytes ${start}-${end}/${bytes.length}` }, body: bytes.slice(start, end + 1) };
}

function handleUpload(target: Target, rest: string): Answer {
  const { context, seen, url, body, repository } = target;
  const session = context.uploads.get(rest);
  if (seen.method === "POST" && rest === "") return startUpload(target);
  if (!session || session.repository !== repository) return error(404, "BLOB_UPLOAD_UNKNOWN");
  if (seen.method === "DELETE") {
    context.uploads.delete(rest);
    return { status: 204 };
  }
  const range = { range: `0-${Math.max(session.size - 1, 0)}` };
  if (seen.method === "GET") return { status: 204, headers: { location: locationOf(target, rest), ...range } };
  if (context.options.maximumBody !== undefined && body.length > context.options.maximumBody) return error(413, "SIZE_INVALID", "request body too large");
  const expected = /^(\d+)-(\d+)$/.exec(String(seen.headers["content-range"] ?? ""));
  if (expected && Number(expected[1]) !== session.size) return { ...error(416, "RANGE_INVALID"), headers: { location: locationOf(target, rest), ...range } };
  session.pieces.push(body);
  session.size += body.length;
  if (seen.method === "PATCH") return { status: 202, headers: { location: locationOf(target, rest), range: `0-${session.size - 1}` } };
  if (seen.method !== "PUT") return error(405, "UNSUPPORTED");
  const digest = url.searchParams.get("digest") ?? "";
  const bytes = new Uint8Array(Buffer.concat(session.pieces));
  context.uploads.delete(rest);
  if (!/^sha(256|512):/.test(digest) || sha256(bytes, digest.slice(0, 6)) !== digest) return error(400, "DIGEST_INVALID");
  repositoryOf(context, repository).blobs.set(digest, bytes);
  return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest } };
}

/** Keeps what came of a piece whose connection broke. */
export function keepBroken({ options, uploads }: Context, { path }: SeenRequest, bytes: Uint8Array): void {
  const id = /\/uploads\/([^?]+)/.exec(path)?.[1] ?? "";
  const session = uploads.get(id);
  if (!session) return;
  if (options.forgetsBroken) return void uploads.delete(id);
  session.pieces.push(bytes);
  session.size += bytes.length;
}

function startUpload(target: Target): Answer {
  const { context, seen, url, repository } = target;
  const [mount, from] = [url.searchParams.get("mount"), url.searchParams.get("from")];
  const bytes = from === null || mount === null ? undefined : context.repositories.get(from)?.blobs.get(mount);
  if (bytes && mount !== null && from !== null && context.options.allowMount !== false && authorise(context, seen, [[from, "pull"]]) === undefined) {
    repositoryOf(context, repository).blobs.set(mount, bytes);
    return { status: 201, headers: { location: `/v2/${repository}/blobs/${mount}`, "docker-content-digest": mount } };
  }
  const id = randomUUID();
  context.uploads.set(id, { repository, pieces: [], size: 0 });
  const minimum = context.options.chunkMinimum;
  return {
    status: 202,
    headers: { location: locationOf(target, id), range: "0-0", ...(minimum !== undefined && { "oci-chunk-min-length": String(minimum) }) },
  };
}

function locationOf({ context, repository }: Target, id: string): string {
  const path = `/v2/${repository}/blobs/uploads/${id}${context.options.locationQuery ?? ""}`;
  return context.options.location === "absolute" ? `${context.origin}${path}` : path;
}

function handleManifest(target: Target, reference: string): Answer {
  const { context, seen, repository } = target;
  const stored = repositoryOf(context, repository);
  if (seen.method === "PUT") return storeManifest(target, reference);
  const digest = reference.includes(":") ? reference : stored.tags.get(reference);
  const manifest = digest === undefined ? undefined : stored.manifests.get(digest);
  if (digest === undefined || !manifest) return error(404, "MANIFEST_UNKNOWN");
  if (seen.method === "DELETE") return deleteManifest(target, reference);
  const headers: Record<string, string> = { "content-type": manifest.mediaType };
  if (context.options.digestHeader !== false) headers["docker-content-digest"] = digest;
  if (context.options.etag) headers.etag = `"${digest}"`;
  const accept = String(seen.headers.accept ?? "");
  const child = context.options.quirks?.childWithoutAccept ? firstChild(manifest.bytes) : undefined;
  if (child !== undefined && !accept.includes(manifest.mediaType)) return handleManifest({ ...target, seen: { ...seen, headers: { accept: "*/*" } } }, child);
  if (!accept.includes(manifest.mediaType) && !accept.includes("*/*"))
    return error(404, "MANIFEST_UNKNOWN", "the Accept header does not hold the manifest's type");
  if (seen.method === "HEAD") return { status: 200, headers: { ...headers, "content-length": String(manifest.bytes.length) } };
  return { status: 200, headers, body: manifest.bytes };
}

function firstChild(bytes: Uint8Array): string | undefined {
  return (JSON.parse(new TextDecoder().decode(bytes)) as LooseManifest).manifests?.[0]?.digest;
}

function deleteManifest({ context, repository }: Target, reference: string): Answer {
  const stored = repositoryOf(context, repository);
  if (context.options.deleteTags === false) return error(405, "UNSUPPORTED");
  if (!reference.includes(":")) stored.tags.delete(reference);
  else {
    stored.manifests.delete(reference);
    for (const [tag, digest] of stored.tags) if (digest === reference) stored.tags.delete(tag);
  }
  return { status: 202 };
}

function storeManifest({ context, seen, body, repository }: Target, reference: string): Answer {
  const stored = repositoryOf(context, repository);
  if (body.length > 4 * 1024 * 1024) return context.options.quirks?.largeManifest ?? error(413, "SIZE_INVALID");
  let manifest: LooseManifest;
  try {
    manifest = JSON.parse(new TextDecoder().decode(body)) as LooseManifest;
  } catch {
    return error(400, "MANIFEST_INVALID");
  }
  const mediaType = String(seen.headers["content-type"] ?? "");
  if (manifest.mediaType !== undefined && manifest.mediaType !== mediaType) return error(400, "MANIFEST_INVALID", "Content-Type and mediaType differ");
  const digest = sha256(body, reference.startsWith("sha512:") ? "sha512" : "sha256");
  if (reference.includes(":") && reference !== digest) return error(400, "DIGEST_INVALID");
  const quirk = refuseManifest(context, manifest, { repository, mediaType, reference, digest });
  if (quirk) return quirk;
  if (context.options.strict !== false) {
    const blobs = [manifest.config, ...(manifest.layers ?? [])].flatMap((blob) => (blob && !("urls" in blob) ? [blob.digest] : []));
    const missing = [
      ...blobs.filter((blob) => !stored.blobs.has(blob)),
      ...(manifest.manifests ?? []).map((child) => child.digest).filter((child) => !stored.manifests.has(child)),
    ];
    if (missing.length > 0) return context.options.quirks?.lacking ?? error(400, "MANIFEST_BLOB_UNKNOWN", `${missing[0]} is not there`);
  }
  if (context.options.etag && seen.headers["if-match"] !== undefined) {
    const current = reference.includes(":") ? reference : stored.tags.get(reference);
    if (seen.headers["if-match"] !== `"${current}"`) return error(412, "UNKNOWN", "the tag has moved");
  }
  stored.manifests.set(digest, { mediaType, bytes: body });
  if (!reference.includes(":")) stored.tags.set(reference, digest);
  const headers: Record<string, string> = { location: `/v2/${repository}/manifests/${digest}` };
  if (context.options.digestHeader !== false) headers["docker-content-digest"] = digest;
  if (context.options.referrers && manifest.subject) headers["oci-subject"] = manifest.subject.digest;
  return { status: 201, headers };
}

function handleReferrers({ context, repository, url }: Target, digest: string): Answer {
  if (!context.options.referrers) return error(404, "NAME_UNKNOWN");
  const manifests = [...repositoryOf(context, repository).manifests].flatMap(([own, manifest]) => {
    const value = JSON.parse(new TextDecoder().decode(manifest.bytes)) as LooseManifest & { artifactType?: string; annotations?: object };
    if (value.subject?.digest !== digest) return [];
    return [
      {
        mediaType: manifest.mediaType,
        digest: own,
        size: manifest.bytes.length,
        artifactType: value.artifactType ?? value.config?.mediaType,
        annotations: value.annotations,
      },
    ];
  });
  const start = Number(url.searchParams.get("from") ?? 0);
  const end = start + (context.options.referrersPage ?? manifests.length);
  const link = end < manifests.length ? { link: `</v2/${repository}/referrers/${digest}?from=${end}>; rel="next"` } : {};
  return {
    status: 200,
    headers: { "content-type": "application/vnd.oci.image.index.v1+json", ...link },
    body: JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: manifests.slice(start, end) }),
  };
}
