import type { CredentialStore } from "../../../src/core/auth/mod.ts";
import { type ByteStream, type Bytes, readAll, streamBytes } from "../../../src/core/base/mod.ts";
import { newDocument } from "../../../src/core/content/mod.ts";
import type { ContentPlace, Event, Repository } from "../../../src/core/port/mod.ts";
import { type Digest, type ImageIndex, type ImageManifest, type ManifestDocument, parseReference } from "../../../src/core/spec/mod.ts";
import { createRegistryClient, openRegistryPlace, type RegistryClient, type RegistryClientOptions } from "../../../src/core/transport/registry/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { fullJitter, type TestClock, testClock } from "../../helper/clock.ts";
import { type Fault, type RegistryOptions, type SeenRequest, sha256, startRegistry, type TestRegistry } from "../../helper/registry.ts";

/** A client in front of a registry. */
export interface Setting {
  readonly registry: TestRegistry;
  readonly client: RegistryClient;
  readonly clock: TestClock;
  readonly events: Event[];
  /** Opens `name`, a repository with tag or digest. */
  place(name: string): ContentPlace;
}

export const userStore: CredentialStore = { get: async () => ({ username: "user", password: "secret" }) };

const running: TestRegistry[] = [];

/** Starts a registry and a client that may speak plain http to it. */
export async function setUp(options: RegistryOptions = {}, clientOptions: RegistryClientOptions = {}): Promise<Setting> {
  const registry = await startRegistry(options);
  running.push(registry);
  return { registry, ...(await clientFor(registry, clientOptions)) };
}

/** Makes a client for a registry that runs. */
export async function clientFor(registry: TestRegistry, options: RegistryClientOptions = {}): Promise<Omit<Setting, "registry">> {
  const host = await currentHost();
  const clock = testClock();
  const events: Event[] = [];
  const client = createRegistryClient(
    { ...host, clock, random: fullJitter },
    { verifyTls: false, report: (event) => event.type !== "request" && events.push(event), ...options },
  );
  // Saves every test the failing TLS handshake.
  if (options.verifyTls === undefined) client.memory.schemes.set(registry.host, "http");
  return { client, clock, events, place: (name) => openRegistryPlace(client, parseReference(`${registry.host}/${name}`)) };
}

/** Stops what was started. */
export async function tearDown(): Promise<void> {
  await Promise.all(running.splice(0).map((registry) => registry.stop()));
}

export const bytesOf = async (stream: ByteStream): Promise<Bytes> => await readAll(stream, { limit: 1 << 26, what: "a test's stream" });

/** A blob: its descriptor, and how it is opened. */
export function blobOf(text: string): {
  readonly descriptor: { readonly mediaType: string; readonly digest: Digest; readonly size: number };
  readonly open: () => Promise<ByteStream>;
} {
  const bytes = new TextEncoder().encode(text);
  return { descriptor: { mediaType: "application/octet-stream", digest: sha256(bytes), size: bytes.length }, open: async () => streamBytes(bytes) };
}

/** Writes a manifest down. */
export async function documentOf(value: ImageIndex | ImageManifest): Promise<ManifestDocument> {
  return newDocument((await currentHost()).hash, value);
}

export const emptyIndex: ImageIndex = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] };

/** Returns the error a promise fails with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it did not fail");
}

/** Returns where the blobs of a place can be mounted from. */
export function repositoryOf(place: ContentPlace): Repository {
  if (place.source.repository === undefined) throw new Error("it is not in a registry");
  return place.source.repository;
}

/** Answers requests of one method, in order, with these faults. */
export function onMethod(method: string, ...faults: readonly (Fault | undefined)[]): (request: SeenRequest) => Fault | undefined {
  let at = 0;
  return (request: SeenRequest) => (request.method === method ? faults[at++] : undefined);
}
