import { isAttestation, type Loss, referenceDigestKey, rewriteLosses } from "../index/mod.ts";
import { type Descriptor, type Digest, type ImageIndex, isDockerMediaType, isIndexMediaType, isManifestMediaType, mediaTypes } from "../spec/mod.ts";
import { featuresKey, type ListState } from "../store/mod.ts";
import type { CompressionPlan } from "./compression.ts";
import { type ListContext, warn } from "./context.ts";
import { type Format, listLosses } from "./format.ts";
import { type ChangedImage, type ChangedIndex, isReplaced, replacedDigests } from "./push-index.ts";

/** Says which CPU features the push of a list leaves out, and which images registries may refuse. */
export function sayAsItStands(context: ListContext, { index, features }: ListState): void {
  if (index.mediaType === mediaTypes.ociIndex)
    sayFeaturesLeft(
      context,
      index.manifests.flatMap((entry) => {
        const list = features[featuresKey(entry)];
        return list ? [{ where: entry.digest, field: "features", value: list.join(",") }] : [];
      }),
    );
  sayMixture(context, index);
}

function sayFeaturesLeft(context: ListContext, losses: readonly Loss[]): void {
  if (losses.length > 0) warn(context, `an OCI image index cannot hold ${listLosses(losses)}; it is left out of this push, --format v2s2 writes it`);
}

function sayMixture(context: ListContext, index: ImageIndex): void {
  const images = index.manifests.filter((entry) => isManifestMediaType(entry.mediaType));
  const docker = images.filter((entry) => isDockerMediaType(entry.mediaType)).length;
  if (docker > 0 && docker < images.length)
    warn(context, `the list mixes ${docker} docker and ${images.length - docker} OCI images, which some registries refuse; --format makes them one kind`);
}

/** Says which entries stay as they are although layers are compressed: indexes, whose images are not looked into. */
export function sayIndexesLeft(context: ListContext, entries: readonly Descriptor[]): void {
  const indexes = new Set(entries.filter(({ mediaType }) => isIndexMediaType(mediaType)).map(({ digest }) => digest));
  if (indexes.size > 0) warn(context, `indexes in the list stay as they are, the layers of their images with them: ${[...indexes].join(", ")}`);
}

/** What a push has made of a list, and why. */
export interface Prepared {
  /** The list as it was. */
  readonly before: ImageIndex;
  /** What it became. */
  readonly after: ChangedIndex;
  /** Its images. */
  readonly images: readonly ChangedImage[];
  /** Entries whose subject gets a new digest, each with the old one. */
  readonly stale: ReadonlyMap<Digest, Digest>;
  /** The format that was asked for. */
  readonly format?: Format;
  /** What layers get. */
  readonly plan?: CompressionPlan;
}

/** Says what becomes of a list and its images, and whatever gets lost. */
export function sayPrepared(context: ListContext, prepared: Prepared): void {
  const { before, after, images, stale, format } = prepared;
  const say = (message: string | undefined): void => (message === undefined ? undefined : warn(context, message));
  const title = titleOf(prepared);
  const replaced = replacedDigests(images);
  const lost = [...rewriteLosses(before, new Set(replaced.keys())), ...after.lost, ...(format ? after.kept : []), ...lossesOf(images)];
  say(
    sentence(
      [...replaced].map(([old, fresh]) => `${old} becomes ${fresh}`),
      `${title} gives images new digests: `,
    ),
  );
  say(sentence(forcedToOci(prepared), "images become OCI images, as docker has no type for zstd layers: "));
  say(sentence(addedImages(images, replaced), "the push adds images: "));
  if (after.because.length > 0) say(`the list becomes an OCI image index for this push, as a docker manifest list cannot hold ${listLosses(after.because)}`);
  if (lost.length > 0) say(`${title} loses ${listLosses(lost)}`);
  for (const { digest } of after.dropped) say(`the push as v2s2 leaves out the attestation ${digest}, which docker images cannot have`);
  if (isRepointed(after.state.index, replaced)) say("the attestations of images with new digests point to those now, their statements still name the old ones");
  say(
    sentence(
      [...stale].map(([entry, subject]) => `${replaced.get(entry) ?? entry} to ${subject}`),
      "entries refer to images with new digests, as their subjects, by the old ones still: ",
    ),
  );
  if (format !== undefined) return;
  sayFeaturesLeft(context, after.kept);
  sayMixture(context, after.state.index);
}

function titleOf({ format, plan }: Prepared): string {
  return `the push${format ? ` as ${format}` : ""}${plan?.all ? ` with ${plan.all.format} layers` : ""}`;
}

function sentence(parts: readonly string[], start: string): string | undefined {
  return parts.length === 0 ? undefined : `${start}${parts.join(", ")}`;
}

/** Entries may share an image; an image added beside another tells nothing new. */
function lossesOf(images: readonly ChangedImage[]): readonly Loss[] {
  const byImage = new Map(images.filter(({ added }) => added === undefined).map(({ image, lost }) => [image.entry.digest, lost]));
  return [...byImage.values()].flat();
}

function forcedToOci({ images, format }: Prepared): readonly Digest[] {
  if (format !== undefined) return [];
  const forced = images.filter((change) => isReplaced(change) && change.format !== undefined && isDockerMediaType(change.image.manifest.mediaType));
  return [...new Set(forced.map(({ image }) => image.entry.digest))];
}

function addedImages(images: readonly ChangedImage[], replaced: ReadonlyMap<Digest, Digest>): readonly string[] {
  return images
    .filter(({ added }) => added !== undefined)
    .map(({ image: { entry }, document, added }) => `${document.descriptor.digest} with ${added} layers beside ${replaced.get(entry.digest) ?? entry.digest}`);
}

function isRepointed(index: ImageIndex, replaced: ReadonlyMap<Digest, Digest>): boolean {
  const fresh = new Set<string>(replaced.values());
  return index.manifests.some((entry) => isAttestation(entry) && fresh.has(entry.annotations?.[referenceDigestKey] ?? ""));
}
