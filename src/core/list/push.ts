import { OciError, quote } from "../base/mod.ts";
import { openWorkFiles, type WorkFiles } from "../content/mod.ts";
import type { PlannedWrite } from "../copy/mod.ts";
import { type Digest, formatLocation, type Platform } from "../spec/mod.ts";
import { digestsOf } from "./change.ts";
import type { PushCompression } from "./compression.ts";
import type { ListContext } from "./context.ts";
import { type Destination, destinationNames, parseDestinations } from "./destination.ts";
import type { Format } from "./format.ts";
import { openListPlace } from "./open-place.ts";
import { type ListPlace, type ListView, requireAccepted } from "./place.ts";
import { pushToAll } from "./push-all.ts";
import { requireWritable } from "./push-files.ts";
import { finishPush } from "./push-finish.ts";
import { keepPlatforms } from "./push-platforms.ts";
import { prepareList } from "./push-prepare.ts";
import { findPushedReferrers } from "./push-referrers.ts";
import type { Pushed, Pushing } from "./push-to.ts";

/** Options of {@linkcode pushList}. */
export interface PushListOptions {
  /** Brings the images along; otherwise they must be at the destination already, and each is asked for. @default true */
  readonly all?: boolean;
  /** Pushes the images of these platforms with their attestations, as an index of them. @default everything */
  readonly platforms?: readonly Platform[];
  /** Converts the list and its images. @default both stay as they are, byte for byte */
  readonly format?: Format;
  /** Compresses the layers of images, or adds images with layers compressed otherwise. @default they stay as they are */
  readonly compression?: PushCompression;
  /** Further tags of the destination. @default none */
  readonly tags?: readonly string[];
  /** Deletes the local list after success, unless somebody edited it meanwhile. @default false */
  readonly remove?: boolean;
  /** File that gets the digest after success. @default none */
  readonly digestFile?: string;
  /** File that gets what was pushed after success, as JSON in the words of `docker buildx --metadata-file`. @default none */
  readonly metadataFile?: string;
  /** Milliseconds in which every name must have come to lead to what was pushed, for whoever reads it. @default nobody waits */
  readonly wait?: number;
  /** Brings along the signatures, attestations and whatever else refers to the images, and to a list at a location. @default false */
  readonly referrers?: boolean;
  /** Takes signatures along: those in a `dir:` to another, telling of those that a destination cannot keep, and those that `referrers` brings. @default true */
  readonly signatures?: boolean;
  /** Asks for every blob, even of images that are at the destination. @default false */
  readonly verifyBlobs?: boolean;
  /** Tells what would be written and writes nothing: no destination, no file, and the list stays. @default false */
  readonly dryRun?: boolean;
}

/** Result of {@linkcode pushList}. */
export interface PushResult {
  /** ID of a local list; digest of the index at a location. */
  readonly id: string;
  /** Names of a local list; the location. */
  readonly names: readonly string[];
  /** Where the list went. */
  readonly destination: string;
  /** Every name it has there, the tags of `tags` among them, as locations. */
  readonly destinationNames: readonly string[];
  /** Digest of the index that was written. */
  readonly digest: Digest;
  /** Its size in bytes. */
  readonly size: number;
  /** Its type. */
  readonly mediaType: string;
  /** How many images were brought along or found there. */
  readonly images: number;
  /** Digests of the entries as they were written. */
  readonly entries: readonly Digest[];
  /** Digests of the signatures, attestations and other referrers that went along, where they were asked for. */
  readonly referrers?: readonly Digest[];
  /** What would be written, of a dry run. */
  readonly writes?: readonly PlannedWrite[];
}

/**
 * Pushes a list and its images to every destination, or to its own name in a registry: images first, each by its digest,
 * the index last, under its tag. A failed push leaves the tag as it was, and does not keep other destinations from being served.
 * @throws {OciError} `NOT_FOUND` where an image is at neither end
 * @example Push an index to a layout, under two names
 * ```ts
 * import assert from "node:assert/strict";
 * import { createList, inspectList, openLists, pushList } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const lists = openLists(memoryHost(), { root: "/lists" });
 * await createList(lists, "app", { annotations: { title: "app" } });
 * const [result] = await pushList(lists, "app", ["oci:/out:1"], { tags: ["latest"] });
 * assert.equal((await inspectList(lists, "oci:/out:latest")).id, result?.digest);
 * ```
 * @example See what a push would write
 * ```ts
 * import assert from "node:assert/strict";
 * import { createList, openLists, pushList } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const lists = openLists(memoryHost(), { root: "/lists" });
 * const { digest } = await createList(lists, "app");
 * const [result] = await pushList(lists, "app", ["oci:/out:1"], { dryRun: true });
 * assert.equal(result?.digest, digest);
 * assert.deepEqual(result?.writes?.map(({ write }) => write), ["name"]);
 * assert.equal(await lists.host.files.status("/out"), undefined);
 * ```
 */
export async function pushList(
  context: ListContext,
  list: string,
  destinations: readonly string[] = [],
  options: PushListOptions = {},
): Promise<readonly PushResult[]> {
  const place = await openListPlace(context, list);
  if (options.remove === true && !place.hasRecord)
    throw new OciError("UNSUPPORTED", `Cannot remove ${quote(list)} after the push: only a local list is removed`);
  const work = openWorkFiles(context.host);
  try {
    return await pushFrom(context, place, { destinations, options, work });
  } finally {
    await work.close();
  }
}

interface Run {
  readonly destinations: readonly string[];
  readonly options: PushListOptions;
  /** Holds what is made for the push as long as it lasts. */
  readonly work: WorkFiles;
}

async function pushFrom(context: ListContext, place: ListPlace, { destinations, options, work }: Run): Promise<readonly PushResult[]> {
  const { all = true, signatures = true, verifyBlobs = false, dryRun = false, format, compression } = options;
  const stored = await place.read();
  const parsed = parseDestinations(place, stored, destinations, options.tags);
  const view = keepPlatforms(context, place, stored, options.platforms ?? []);
  if (!dryRun) for (const file of [options.digestFile, options.metadataFile]) if (file !== undefined) await requireWritable(context, file);
  await requireOnePossible(context, parsed, view);
  const prepared = await prepareList(context, { place, view, format, compression, work });
  const original = stored.document.descriptor.digest;
  const pushing: Pushing = { context, place, view, prepared, original, all, signatures, verifyBlobs, dryRun, planned: new Set() };
  const referrers = options.referrers === true ? await findPushedReferrers(pushing) : undefined;
  const pushed = await pushToAll(pushing, parsed, referrers ?? []);
  if (!dryRun) await finishPush(pushing, stored, { destinations: parsed, ...options });
  const along = referrers && { referrers: digestsOf(referrers.map(({ descriptor }) => descriptor)) };
  return parsed.map((destination, at) => ({ ...resultOf(pushing, destination, pushed[at]), ...along }));
}

/** The only destination is refused before images are read and compressed for it; of several each is served as far as it can be. */
async function requireOnePossible(context: ListContext, [first, ...others]: readonly Destination[], { document }: ListView): Promise<void> {
  if (first !== undefined && others.length === 0) requireAccepted((await context.transports.place(first.location)).target, document.descriptor.mediaType);
}

function resultOf({ view, prepared, dryRun }: Pushing, destination: Destination, pushed: Pushed | undefined): PushResult {
  const { digest, size, mediaType } = prepared.document.descriptor;
  return {
    id: view.id,
    names: view.names,
    destination: formatLocation(destination.location),
    destinationNames: destinationNames(destination),
    digest,
    size,
    mediaType,
    images: pushed?.images ?? 0,
    entries: prepared.document.value.manifests.map((entry) => entry.digest),
    ...(dryRun && { writes: pushed?.writes ?? [] }),
  };
}
