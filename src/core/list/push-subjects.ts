import { isAttestation } from "../index/mod.ts";
import type { Descriptor, Digest } from "../spec/mod.ts";
import type { ListContext } from "./context.ts";
import { readManifests } from "./entry-manifests.ts";
import type { ListPlace, ListView } from "./place.ts";
import { type ChangedImage, replacedDigests } from "./push-index.ts";

/** The images of a list that is pushed, and its entries. */
export interface SubjectReading {
  /** The list's place. */
  readonly place: ListPlace;
  /** The list. */
  readonly view: ListView;
  /** Its entries. */
  readonly entries: readonly Descriptor[];
  /** What its images become; other entries are read where some get new digests. */
  readonly images: readonly ChangedImage[];
}

/** Returns the entries whose manifests have a subject that gets a new digest, each with the old one: pointing them to it would give them new digests too. */
export async function findStaleSubjects(context: ListContext, { place, view, entries, images }: SubjectReading): Promise<ReadonlyMap<Digest, Digest>> {
  const replaced = replacedDigests(images);
  if (replaced.size === 0) return new Map();
  const read = new Map(images.filter(({ added }) => added === undefined).map(({ image, document }) => [image.entry.digest, document]));
  const unread = entries.filter((entry) => !read.has(entry.digest) && mayRefer(entry));
  const documents = new Map([...read, ...(await readManifests(context, unread, (entry) => place.sourceOf(view, entry)))]);
  return new Map(
    [...documents].flatMap(([digest, { value }]) =>
      value.subject !== undefined && replaced.has(value.subject.digest) ? [[digest, value.subject.digest]] : [],
    ),
  );
}

/** What has a platform is taken for an image that stands for itself. */
function mayRefer(entry: Descriptor): boolean {
  return !isAttestation(entry) && (entry.artifactType !== undefined || entry.platform === undefined);
}
