import { mapAll } from "../base/mod.ts";
import { type FoundReferrer, findReferrers, type Subject } from "../copy/mod.ts";
import { type Digest, isImageIndex, isIndexMediaType, isManifestDescriptor } from "../spec/mod.ts";
import { signalOf, warn } from "./context.ts";
import { entrySource, type Pushing } from "./push-to.ts";
import { isSignature } from "./signature.ts";

/**
 * Returns the signatures, attestations and whatever else refers to what is pushed: to the images, and to a list that lies at a
 * location; without signatures where they are to be removed. What was changed has another digest now, to which nothing refers;
 * that is said.
 */
export async function findPushedReferrers(pushing: Pushing): Promise<readonly FoundReferrer[]> {
  const { context, place, view, prepared, signatures } = pushing;
  const { pool, report } = context;
  const root = prepared.document.descriptor;
  const rootSource = place.hasRecord ? undefined : await place.sourceOf(view, root);
  const entries = await mapAll(prepared.document.value.manifests, (entry) => entrySource(pushing, entry), context.signal);
  const subjects = entries.flatMap((source, at): Subject[] => {
    const descriptor = prepared.document.value.manifests[at];
    return source && descriptor ? [{ descriptor, source }] : [];
  });
  sayChanged(pushing, subjects);
  const seen = new Set<Digest>([root.digest]);
  const nested = await mapAll(subjects, (subject) => withChildren(pushing, subject, seen), context.signal);
  const all = [...(rootSource ? [{ descriptor: root, source: rootSource }] : []), ...nested.flat()];
  return findReferrers(
    all.filter(({ descriptor }) => isManifestDescriptor(descriptor)),
    { pool, report, ...(!signatures && { isLeft: isSignature }), ...signalOf(context) },
  );
}

function sayChanged({ context, place, prepared, original }: Pushing, subjects: readonly Subject[]): void {
  const stays = new Set<Digest | undefined>(prepared.document.value.manifests.map(({ digest }) => digest));
  const isChanged = ({ descriptor: { digest }, source }: Subject) => source.made?.has(digest) === true && !stays.has(prepared.originals.get(digest)?.digest);
  const images = subjects.filter(isChanged).map(({ descriptor: { digest } }) => digest);
  const isRootNew = !place.hasRecord && original !== prepared.document.descriptor.digest;
  const changed = isRootNew ? [...images, prepared.document.descriptor.digest] : images;
  if (changed.length > 0)
    warn(context, `signatures and attestations of what was there before stay behind, as the push or an edit gave it a new digest: ${changed.join(", ")}`);
}

/** A list in the list has images of its own; what several lists share is seen once. */
async function withChildren(pushing: Pushing, subject: Subject, seen: Set<Digest>): Promise<readonly Subject[]> {
  const { context } = pushing;
  const { descriptor, source } = subject;
  if (seen.has(descriptor.digest)) return [];
  seen.add(descriptor.digest);
  if (!isIndexMediaType(descriptor.mediaType)) return [subject];
  const { value } = await context.pool.run(() => source.manifest(descriptor, signalOf(context)));
  const children = isImageIndex(value) ? value.manifests : [];
  const below = await mapAll(children, (child) => withChildren(pushing, { descriptor: child, source }, seen), context.signal);
  return [subject, ...below.flat()];
}
