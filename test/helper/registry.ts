import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { handle, keepBroken } from "./registry-handlers.ts";
import { type Answer, type Context, error, repositoryOf, sha256 } from "./registry-state.ts";
import type { Cut, Fault, RegistryOptions, SeededDescriptor, SeenRequest, TestRegistry } from "./registry-types.ts";

export { sha256 } from "./registry-state.ts";
export type * from "./registry-types.ts";

/** Starts a registry of distribution-spec 1.1 in memory on a loopback port. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const requests: SeenRequest[] = [];
  const context: Context = {
    options,
    repositories: new Map(),
    uploads: new Map(),
    tokens: new Map(),
    tokenRequests: [],
    counts: new Map(),
    origin: "",
    tokenOrigin: "",
  };
  let accepted = 0;
  const server = options.tls ? createTlsServer(options.tls, listener(context, requests)) : createServer(listener(context, requests));
  server.on(options.tls ? "secureConnection" : "connection", () => accepted++);
  const port = await listen(server, options.address);
  const host = `${options.address === "::1" ? "[::1]" : "127.0.0.1"}:${port}`;
  const scheme = options.tls ? "https" : "http";
  context.origin = `${scheme}://${host}`;
  const tokenServer = options.tokenServer === "other" ? createServer(listener(context, requests)) : undefined;
  context.tokenOrigin = tokenServer ? `http://127.0.0.1:${await listen(tokenServer)}` : context.origin;

  const repository = (name: string) => repositoryOf(context, name);
  return {
    host,
    origin: context.origin,
    tokenOrigin: context.tokenOrigin,
    requests,
    tokenRequests: context.tokenRequests,
    repositories: context.repositories,
    connections: () => accepted,
    openUploads: () => context.uploads.size,
    repository,
    putBlob(name, content, mediaType = "application/octet-stream") {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      const digest = sha256(bytes);
      repository(name).blobs.set(digest, bytes);
      return { mediaType, digest, size: bytes.length };
    },
    putManifest(name, reference, manifest, mediaType) {
      const bytes = manifest instanceof Uint8Array ? manifest : new TextEncoder().encode(typeof manifest === "string" ? manifest : JSON.stringify(manifest));
      const type =
        mediaType ?? String((JSON.parse(new TextDecoder().decode(bytes)) as { mediaType?: unknown }).mediaType ?? "application/vnd.oci.image.manifest.v1+json");
      const digest = sha256(bytes);
      repository(name).manifests.set(digest, { mediaType: type, bytes });
      if (!reference.includes(":")) repository(name).tags.set(reference, digest);
      return { mediaType: type, digest, size: bytes.length };
    },
    expireTokens: () => context.tokens.clear(),
    log: () => requests.map((request) => `${request.method} ${shortenPath(request.path)}`),
    clear() {
      requests.length = 0;
      context.tokenRequests.length = 0;
    },
    async stop() {
      await Promise.all([close(server), ...(tokenServer ? [close(tokenServer)] : [])]);
    },
  };
}

/** What {@linkcode seedImage} put there. */
export interface SeededImage {
  readonly manifest: SeededDescriptor;
  readonly config: SeededDescriptor;
  readonly layers: readonly SeededDescriptor[];
}

export interface SeedImageOptions {
  /** Number of layers. @default 1 */
  readonly layers?: number;
  /** `os/arch[/variant]`. @default "linux/amd64" */
  readonly platform?: string;
  /** Docker's types instead of OCI's. @default false */
  readonly docker?: boolean;
  /** Bytes of each layer. @default about 40 */
  readonly layerSize?: number;
  /** Makes the content differ from that of other calls. @default repository, tag and platform */
  readonly seed?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: SeededDescriptor;
}

/** Puts an image with its blobs into `registry` and returns the descriptors; an empty tag leaves it untagged. */
export function seedImage(registry: TestRegistry, repository: string, tag: string, options: SeedImageOptions = {}): SeededImage {
  const platform = options.platform ?? "linux/amd64";
  const [os = "", architecture = "", variant] = platform.split("/");
  const seed = options.seed ?? `${repository}:${tag}:${platform}`;
  const types = options.docker
    ? {
        manifest: "application/vnd.docker.distribution.manifest.v2+json",
        config: "application/vnd.docker.container.image.v1+json",
        layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
      }
    : {
        manifest: "application/vnd.oci.image.manifest.v1+json",
        config: "application/vnd.oci.image.config.v1+json",
        layer: "application/vnd.oci.image.layer.v1.tar+gzip",
      };
  const layers = Array.from({ length: options.layers ?? 1 }, (_, at) => {
    const text = `layer ${at} of ${seed}`;
    const bytes = options.layerSize === undefined ? text : text.padEnd(options.layerSize, `${at}.`);
    return registry.putBlob(repository, bytes, types.layer);
  });
  const config = registry.putBlob(
    repository,
    JSON.stringify({ architecture, os, ...(variant && { variant }), rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) }, seed }),
    types.config,
  );
  const { annotations, subject } = options;
  const document = { schemaVersion: 2, mediaType: types.manifest, config, layers, ...(subject && { subject }), ...(annotations && { annotations }) };
  const manifest = registry.putManifest(repository, tag === "" ? "sha256:" : tag, document, types.manifest);
  return { manifest, config, layers };
}

/** Puts an index of `entries` into `registry`. */
export function seedIndex(
  registry: TestRegistry,
  repository: string,
  tag: string,
  entries: readonly object[],
  options: { readonly docker?: boolean; readonly annotations?: object } = {},
): SeededDescriptor {
  const mediaType = options.docker ? "application/vnd.docker.distribution.manifest.list.v2+json" : "application/vnd.oci.image.index.v1+json";
  const document = { schemaVersion: 2, mediaType, manifests: entries, ...(options.annotations && { annotations: options.annotations }) };
  return registry.putManifest(repository, tag, document, mediaType);
}

function shortenPath(path: string): string {
  return path.replace(/(sha(?:256|512))(?::|%3A)([0-9a-f]{6})[0-9a-f]*/g, "$1:$2").replace(/\/uploads\/[0-9a-f-]{36}/, "/uploads/ID");
}

async function listen(server: Server, address = "127.0.0.1"): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections?.();
  await closed;
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece as Uint8Array);
  return new Uint8Array(Buffer.concat(pieces));
}

function listener(context: Context, requests: SeenRequest[]): RequestListener {
  return async (request, response) => {
    const seen: SeenRequest = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, status: 0, size: 0 };
    (seen.path.startsWith("/token") ? context.tokenRequests : requests).push(seen);
    try {
      const fault = await context.options.fault?.(seen);
      if (fault === "reset") return void request.socket.destroy();
      if (typeof fault === "object" && "cut" in fault) return void (await cut(context, seen, request, fault.cut));
      const body = await readBody(request);
      seen.size = body.length;
      if (context.options.latency) await new Promise((resolve) => setTimeout(resolve, context.options.latency));
      const answer = typeof fault === "number" ? error(fault, "UNKNOWN") : typeof fault === "object" ? fault : handle(context, seen, body);
      seen.status = answer.status;
      send(response, request.method ?? "", spoil(answer, fault));
    } catch {
      response.destroy();
    }
  };
}

async function cut(context: Context, seen: SeenRequest, request: IncomingMessage, count: number): Promise<void> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) {
    pieces.push(piece as Uint8Array);
    seen.size += (piece as Uint8Array).length;
    if (seen.size >= count) break;
  }
  keepBroken(context, seen, new Uint8Array(Buffer.concat(pieces)).slice(0, count));
  request.socket.destroy();
}

function spoil(answer: Answer, fault: Exclude<Fault, Cut> | undefined): Answer {
  const bytes = typeof answer.body === "string" ? new TextEncoder().encode(answer.body) : answer.body;
  if (!bytes || bytes.length === 0) return answer;
  if (fault === "truncate") return { ...answer, body: bytes.slice(0, bytes.length - 1) };
  if (fault !== "corrupt") return answer;
  const spoiled = bytes.slice();
  spoiled[spoiled.length - 1] = (spoiled[spoiled.length - 1] ?? 0) ^ 1;
  return { ...answer, body: spoiled };
}

function send(response: ServerResponse, method: string, answer: Answer): void {
  const body = answer.body === undefined ? new Uint8Array() : typeof answer.body === "string" ? new TextEncoder().encode(answer.body) : answer.body;
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, typeof value === "string" ? value : [...value]);
  if (answer.status !== 204 && !response.hasHeader("content-length")) response.setHeader("content-length", body.length);
  response.writeHead(answer.status);
  response.end(method === "HEAD" ? undefined : body);
}
