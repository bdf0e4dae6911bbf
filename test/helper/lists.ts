import { type Bytes, encodeUtf8, streamBytes } from "../../src/core/base/mod.ts";
import { newDocument, openDocument } from "../../src/core/content/mod.ts";
import { type ListContext, type ListOptions, openLists } from "../../src/core/list/mod.ts";
import type { ContentTarget, Event, Host } from "../../src/core/port/mod.ts";
import {
  type Annotations,
  type Descriptor,
  type Digest,
  emptyDescriptor,
  type ImageIndex,
  type ImageManifest,
  type ManifestDocument,
  mediaTypes,
  parseLocation,
  parsePlatform,
} from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { type MemoryHost, type MemoryHostOptions, memoryHost } from "../../src/host/memory.ts";
import { digestOf } from "./content.ts";
import { startRegistry } from "./registry.ts";

/** A host in memory, verbs on it, and what they told. */
export interface Desk {
  readonly host: MemoryHost;
  readonly lists: ListContext;
  readonly events: Event[];
  /** Returns the warnings so far, and forgets them. */
  warnings(): readonly string[];
}

export interface DeskOptions extends MemoryHostOptions {
  readonly lists?: ListOptions;
  /** Takes the place of the memory host. */
  readonly wrap?: (host: MemoryHost) => Host;
}

export function openDesk({ lists: listOptions, wrap, ...options }: DeskOptions = {}): Desk {
  const host = memoryHost(options);
  const events: Event[] = [];
  const report = (event: Event) => void (event.type !== "request" && events.push(event));
  const lists = openLists(wrap ? wrap(host) : host, { root: "/lists", ...listOptions, report });
  return { host, lists, events, warnings: () => events.splice(0).flatMap((event) => (event.type === "warning" ? [event.message] : [])) };
}

export interface ImageOptions {
  /** @default "linux/amd64" */
  readonly platform?: string;
  /** Docker's types instead of OCI's. @default false */
  readonly docker?: boolean;
  /** Content of the layers. @default one layer, the name of the platform */
  readonly layers?: readonly string[];
  readonly layerType?: string;
  /** Makes it an artifact. */
  readonly artifactType?: string;
  /** What it refers to. */
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
  /** Members of the config beside the platform's. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Puts an image at a location and returns its manifest. */
export async function putImage(host: Host, location: string, options: ImageOptions = {}): Promise<ManifestDocument> {
  const { target } = await openTransports(host).place(parseLocation(location));
  const types = options.docker
    ? { manifest: mediaTypes.dockerManifest, config: mediaTypes.dockerConfig, layer: mediaTypes.dockerLayerGzip }
    : { manifest: mediaTypes.ociManifest, config: mediaTypes.ociConfig, layer: mediaTypes.ociLayerGzip };
  const { "os.version": version, ...platform } = parsePlatform(options.platform ?? "linux/amd64");
  const config = encodeUtf8(JSON.stringify({ ...platform, ...(version && { "os.version": version }), ...options.config }));
  const layers = [];
  for (const text of options.layers ?? [options.platform ?? "linux/amd64"])
    layers.push(await putBlob(target, options.layerType ?? types.layer, encodeUtf8(text)));
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    ...(options.artifactType !== undefined && { artifactType: options.artifactType }),
    config: options.artifactType === undefined ? await putBlob(target, types.config, config) : await putEmpty(target),
    layers,
    ...(options.subject && { subject: options.subject }),
    ...(options.annotations && { annotations: options.annotations }),
  };
  const document = newDocument(host.hash, manifest);
  await target.putRoot(document);
  return document;
}

async function putEmpty(target: ContentTarget): Promise<Descriptor> {
  await putBlob(target, emptyDescriptor.mediaType, encodeUtf8("{}"));
  return emptyDescriptor;
}

async function putBlob(target: ContentTarget, mediaType: string, bytes: Bytes): Promise<Descriptor> {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await target.putBlob(descriptor, async () => streamBytes(bytes));
  return descriptor;
}

/** Puts an index at a location, whose entries are there. */
export async function putIndex(host: Host, location: string, index: Partial<ImageIndex>): Promise<ManifestDocument> {
  const { target } = await openTransports(host).place(parseLocation(location));
  const document = newDocument(host.hash, { mediaType: mediaTypes.ociIndex, manifests: [], ...index, schemaVersion: 2 });
  await target.putRoot(document);
  return document;
}

/** Puts an index at a location, byte for byte. */
export async function putIndexBytes(host: Host, location: string, text: string): Promise<ManifestDocument> {
  const { target } = await openTransports(host).place(parseLocation(location));
  const document = openDocument(host.hash, encodeUtf8(text), { what: "index" });
  await target.putRoot(document);
  return document;
}

/** Returns an entry for `document` on `platform`. */
export function entryOf({ descriptor }: ManifestDocument, platform?: string, more: Partial<Descriptor> = {}): Descriptor {
  const { mediaType, digest, size } = descriptor;
  return { mediaType, digest, size, ...(platform !== undefined && { platform: splitPlatform(platform) }), ...more };
}

/** As recorded, not as normalised: `linux/arm64/v8` keeps its variant. */
function splitPlatform(text: string) {
  const [os = "", architecture = "", variant] = text.split("/");
  return { architecture, os, ...(variant !== undefined && { variant }) };
}

/** What BuildKit writes beside an image. */
export function attestationOf(document: ManifestDocument, subject: Digest): Descriptor {
  const annotations = { "vnd.docker.reference.digest": subject, "vnd.docker.reference.type": "attestation-manifest" };
  return entryOf(document, "unknown/unknown", { annotations });
}

/** What {@linkcode fillSource} has put under `/src`. */
export interface Source {
  readonly amd64: ManifestDocument;
  readonly arm64: ManifestDocument;
  readonly riscv64: ManifestDocument;
  /** An image of docker's types, linux/s390x. */
  readonly docker: ManifestDocument;
  /** What goes with `amd64`. */
  readonly attestation: ManifestDocument;
  /** The index `multi`: amd64, arm64/v8, the attestation of amd64; annotations on the index and on the first entry. */
  readonly multi: ManifestDocument;
}

/** Fills the layout `/src` with the images of {@linkcode Source}, each under its name. */
export async function fillSource(host: Host): Promise<Source> {
  const amd64 = await putImage(host, "oci:/src:amd64", { platform: "linux/amd64" });
  const arm64 = await putImage(host, "oci:/src:arm64", { platform: "linux/arm64", config: { variant: "v8" } });
  const riscv64 = await putImage(host, "oci:/src:riscv64", { platform: "linux/riscv64" });
  const docker = await putImage(host, "oci:/src:docker", { platform: "linux/s390x", docker: true });
  const attestation = await putImage(host, "oci:/src:attestation", { platform: "unknown/unknown", layerType: "application/vnd.in-toto+json" });
  const manifests = [
    entryOf(amd64, "linux/amd64", { annotations: { from: "source" } }),
    entryOf(arm64, "linux/arm64/v8"),
    attestationOf(attestation, amd64.descriptor.digest),
  ];
  const multi = await putIndex(host, "oci:/src:multi", { manifests, annotations: { described: "yes" } });
  return { amd64, arm64, riscv64, docker, attestation, multi };
}

/** Returns what a location holds; nothing is remembered from one call to the next. */
export async function readAt(host: Host, location: string): Promise<ManifestDocument> {
  const { source } = await openTransports(host, { verifyTls: false }).place(parseLocation(location));
  return await source.resolve();
}

/** Somewhere lists can lie: a desk that reaches it, a location in it, and how to end it. */
export interface Stage extends Desk {
  readonly at: string;
  /** Returns another name at the same place. */
  other(name: string): string;
  close(): Promise<void>;
}

/** What {@linkcode openStage} can open. */
export const stages = ["oci", "oci-archive", "docker"] as const;

/** Opens a desk with somewhere to put lists: a layout or an archive in memory, or a repository of the tests' registry. */
export async function openStage(kind: (typeof stages)[number], options: DeskOptions = {}): Promise<Stage> {
  if (kind === "oci-archive")
    return { ...openDesk(options), at: "oci-archive:/place.tar:1", other: (name) => `oci-archive:/place.tar:${name}`, close: async () => {} };
  if (kind === "oci") return { ...openDesk(options), at: "oci:/place:1", other: (name) => `oci:/place:${name}`, close: async () => {} };
  const registry = await startRegistry();
  const { fetch } = await currentHost();
  const desk = openDesk({ ...options, fetch, lists: { verifyTls: false, ...options.lists } });
  return { ...desk, at: `docker://${registry.host}/place:1`, other: (name) => `docker://${registry.host}/place:${name}`, close: () => registry.stop() };
}

/** Returns the index at a location. */
export async function indexAt(host: Host, location: string): Promise<ImageIndex> {
  const { value } = await readAt(host, location);
  if (!("manifests" in value)) throw new Error(`${location} is no index`);
  return value;
}

/** Returns the index of a local list as it stands. */
export async function indexOfList(lists: ListContext, name: string): Promise<ImageIndex> {
  const record = await lists.store.find(name);
  if (record === undefined) throw new Error(`no list ${name}`);
  return record.index;
}

/** Returns the one entry of `index` with `digest`. */
export function entryIn(index: ImageIndex, { descriptor }: ManifestDocument): Descriptor {
  const found = index.manifests.filter(({ digest }) => digest === descriptor.digest);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} entries have ${descriptor.digest}`);
  return found[0];
}

/** Tells the difference between what two listings of the tree below a directory say. */
export async function treeOf(host: Host, directory: string): Promise<readonly string[]> {
  const status = await host.files.status(directory);
  if (status?.kind !== "directory") return status ? [directory] : [];
  const below = await Promise.all((await host.files.list(directory)).map((name) => treeOf(host, host.files.join(directory, name))));
  return below.flat();
}

/** Returns what `task` throws. */
export async function failureOf(task: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await task;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** Returns the parsed JSON of a file in memory. */
export async function readText(host: Host, path: string): Promise<string> {
  return new TextDecoder().decode(await host.files.readFile(path, 1 << 24));
}
