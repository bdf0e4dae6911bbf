import { isAttestation } from "../index/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import {
  type Descriptor,
  type ImageManifest,
  isConfigMediaType,
  isIndexDocument,
  isManifestMediaType,
  type ManifestDocument,
  type Platform,
  parseConfigPlatform,
} from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";

/** Returns the entry a single image gives: its platform is read from its config, unless it is an artifact. */
export async function entryOf(context: ListContext, source: ContentSource, document: ManifestDocument): Promise<Descriptor> {
  const { mediaType, digest, size } = document.descriptor;
  if (isIndexDocument(document)) return { mediaType, digest, size };
  const manifest = document.value;
  const artifactType = manifest.artifactType;
  const platform = await configPlatform(context, source, "config" in manifest ? manifest : undefined);
  return { mediaType, digest, size, ...(platform && { platform }), ...(artifactType !== undefined && { artifactType }) };
}

async function configPlatform(context: ListContext, source: ContentSource, manifest: ImageManifest | undefined): Promise<Platform | undefined> {
  if (manifest === undefined || manifest.artifactType !== undefined || !isConfigMediaType(manifest.config.mediaType)) return undefined;
  const bytes = await context.pool.run(() => source.smallBlob(manifest.config, signalOf(context)));
  return parseConfigPlatform(bytes, `image config ${manifest.config.digest}`);
}

/** Returns an entry of an index; one without platform gets the one its image's config records, as buildah does. */
export async function withConfigPlatform(context: ListContext, source: ContentSource, entry: Descriptor): Promise<Descriptor> {
  const document = await context.pool.run(() => source.manifest(entry, signalOf(context)));
  if (isIndexDocument(document)) return entry;
  const { platform } = await entryOf(context, source, document);
  return platform === undefined ? entry : { ...entry, platform };
}

/** Tells whether the platform of an entry stands nowhere but in its image's config, if at all. */
export function lacksPlatform(entry: Descriptor): boolean {
  return entry.platform === undefined && entry.artifactType === undefined && isManifestMediaType(entry.mediaType) && !isAttestation(entry);
}
