import { OciError, quote } from "../base/mod.ts";
import { entriesFor, isAttestation, referenceDigestKey } from "../index/mod.ts";
import { type Descriptor, findEditObstacle, formatPlatform, type ImageIndex, type Platform } from "../spec/mod.ts";
import { type ListContext, warn } from "./context.ts";
import { pushedIndex } from "./features.ts";
import { documentOf, type ListPlace, type ListView } from "./place.ts";

/**
 * Returns `view` with the images of `platforms` and their attestations only, and says what that leaves out; where that is
 * nothing, `view` itself. @throws {OciError} `NOT_FOUND` for a platform that no image has, `LOSS` for an index that cannot be edited
 */
export function keepPlatforms(context: ListContext, place: ListPlace, view: ListView, platforms: readonly Platform[]): ListView {
  if (platforms.length === 0) return view;
  const { index } = view.state;
  const kept = chosenEntries(place.name, index, platforms);
  const left = index.manifests.filter((entry) => !kept.has(entry));
  if (left.length === 0) return view;
  const obstacle = place.hasRecord ? undefined : findEditObstacle(view.document.bytes, quote(place.name));
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot push a part of ${quote(place.name)}: ${obstacle}, so an edit could lose data`);
  warn(context, `the push leaves out ${left.map(nameOf).join(", ")}`);
  const state = { ...view.state, index: { ...index, manifests: index.manifests.filter((entry) => kept.has(entry)) } };
  return { id: view.id, names: view.names, state, document: documentOf(context, pushedIndex(state)) };
}

function chosenEntries(name: string, index: ImageIndex, platforms: readonly Platform[]): ReadonlySet<Descriptor> {
  const images = index.manifests.filter((entry) => !isAttestation(entry));
  const chosen = new Set(platforms.flatMap((platform) => requirePlatform(name, images, platform)));
  const digests = new Set<string>([...chosen].map(({ digest }) => digest));
  const goesAlong = (entry: Descriptor) => isAttestation(entry) && digests.has(entry.annotations?.[referenceDigestKey] ?? "");
  return new Set(index.manifests.filter((entry) => chosen.has(entry) || goesAlong(entry)));
}

function requirePlatform(name: string, images: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const found = entriesFor(images, platform);
  if (found.length > 0) return found;
  const there = images.map(({ platform: each, digest }) => (each ? formatPlatform(each) : digest)).join(", ");
  const has = there === "" ? "no images" : there;
  throw new OciError("NOT_FOUND", `Cannot push ${quote(name)} for ${formatPlatform(platform)}: none of its images is for that platform, it has ${has}`);
}

function nameOf(entry: Descriptor): string {
  const what = isAttestation(entry) ? `attestation of ${entry.annotations?.[referenceDigestKey]}` : entry.platform && formatPlatform(entry.platform);
  return what ? `${entry.digest} (${what})` : entry.digest;
}
