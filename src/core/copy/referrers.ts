import { createPool, isOciError, mapAll, OciError, type Pool, quote } from "../base/mod.ts";
import type { ContentSource, Referrer, Report } from "../port/mod.ts";
import { type Descriptor, type Digest, isManifestDescriptor, type ManifestDocument } from "../spec/mod.ts";
import { forLanes, inEachLane, type Lane } from "./lane.ts";
import { copyManifest } from "./manifest.ts";
import { type Copy, isSameRepository } from "./session.ts";

/** A manifest, and where it lies. */
export interface Subject {
  /** The manifest. */
  readonly descriptor: Descriptor;
  /** Where it lies, with what refers to it. */
  readonly source: ContentSource;
}

/** What refers to something that is copied. */
export interface FoundReferrer extends Referrer {
  /** Where it lies. */
  readonly source: ContentSource;
  /** What it speaks about. */
  readonly subject: Digest;
}

/** Options of {@linkcode findReferrers}. */
export interface FindReferrersOptions {
  /** Bounds what is asked at once. */
  readonly pool: Pool;
  /** Is told of what cannot be copied. */
  readonly report: Report;
  /** Tells what is left out, with what refers to it; the manifest of what is found by its tag alone is not read. @default nothing */
  readonly isLeft?: (referrer: Referrer, manifest?: ManifestDocument["value"]) => boolean;
  /** Ends the search. */
  readonly signal?: AbortSignal;
}

/** Levels of what refers to what refers to a subject. */
const maximumLevels = 10;

/**
 * Returns what refers to `subjects`, what refers to that, and so on, each once. What is said to refer to a subject and does not
 * name it is left out.
 * @throws {OciError} `UNSUPPORTED` where a source cannot tell, `LIMIT` for more than 10 levels
 */
export async function findReferrers(subjects: readonly Subject[], options: FindReferrersOptions): Promise<readonly FoundReferrer[]> {
  const found = new Map<string, FoundReferrer>();
  const asked = new Set<Digest>();
  let next = unasked(subjects, asked);
  for (let level = 1; next.length > 0; level++) {
    const groups = await mapAll(next, (subject, signal) => referrersOf(subject, options, signal), options.signal);
    const fresh = groups.flat().filter((referrer) => !found.has(keyOf(referrer)));
    if (level > maximumLevels && fresh.length > 0)
      throw new OciError(
        "LIMIT",
        `Cannot copy what refers to ${quote(subjects[0]?.descriptor.digest ?? "")}: it goes on for more than ${maximumLevels} levels`,
      );
    for (const referrer of fresh) found.set(keyOf(referrer), referrer);
    next = unasked(fresh, asked);
  }
  return [...found.values()];
}

function keyOf({ descriptor, tag = "" }: Referrer): string {
  return `${descriptor.digest} ${tag}`;
}

function unasked(subjects: readonly Subject[], asked: Set<Digest>): readonly Subject[] {
  return subjects.filter(({ descriptor: { digest } }) => !asked.has(digest) && asked.add(digest));
}

async function referrersOf({ descriptor, source }: Subject, options: FindReferrersOptions, signal: AbortSignal): Promise<readonly FoundReferrer[]> {
  const { digest } = descriptor;
  const list = await options.pool.run(async () => {
    signal.throwIfAborted();
    if (source.referrers === undefined)
      throw new OciError("UNSUPPORTED", `Cannot find what refers to ${quote(digest)}: ${quote(source.name)} does not tell, expected docker:// or oci:`);
    return await source.referrers(digest, { signal });
  });
  const known = list.filter((referrer) => isKnown(referrer, digest, options.report));
  const wanted = await mapAll(
    known,
    (referrer, inner) => options.pool.run(() => isWanted({ descriptor, source }, referrer, { ...options, signal: inner })),
    signal,
  );
  return known.filter((_, at) => wanted[at]).map((referrer) => ({ ...referrer, source, subject: digest }));
}

function isKnown({ descriptor }: Referrer, subject: Digest, report: Report): boolean {
  if (isManifestDescriptor(descriptor)) return true;
  report({
    type: "warning",
    message: `${descriptor.digest}, which refers to ${subject}, stays behind: nothing is known of its type ${quote(descriptor.mediaType)}`,
  });
  return false;
}

/** Fallback tags may collide, and anybody can write them: what counts is the manifest's own word. */
async function isWanted({ descriptor: { digest }, source }: Subject, referrer: Referrer, options: FindReferrersOptions): Promise<boolean> {
  const { report, signal, isLeft = () => false } = options;
  const { descriptor, tag } = referrer;
  if (tag !== undefined) return !isLeft(referrer);
  try {
    const { value } = await source.manifest(descriptor, signal ? { signal } : {});
    return value.subject?.digest === digest && !isLeft(referrer, value);
  } catch (error) {
    if (!isOciError(error, "NOT_FOUND")) throw error;
    report({ type: "warning", message: `${descriptor.digest}, which is said to refer to ${digest}, is not there` });
    return false;
  }
}

/** A referrer, and where it must be brought. */
interface BroughtReferrer extends FoundReferrer {
  readonly lanes: readonly Lane[];
}

/** Brings `referrers` to every target, where they are found as they were. */
export async function copyReferrers(copy: Copy, root: ManifestDocument, referrers: readonly FoundReferrer[], signal: AbortSignal): Promise<void> {
  const brought = referrers.flatMap((referrer): BroughtReferrer[] => {
    const lanes = copy.lanes.filter(({ target }) => !isSameRepository(referrer.source.repository, target.repository));
    return lanes.length === 0 ? [] : [{ ...referrer, lanes }];
  });
  await inEachLane(copy, copy.lanes, (lane, inner) => prepare(copy, lane, { root, brought }, inner), signal);
  const ahead = createPool(copy.pool.size * 2);
  await mapAll(brought, (referrer, inner) => ahead.run(() => copyManifest(copy, { ...referrer, path: [] }, inner)), signal);
  for (const referrer of brought) await putReferrer(copy, referrer, signal);
}

/** What refers to the root needs it there, by its digest. */
async function prepare(
  copy: Copy,
  lane: Lane,
  { root, brought }: { readonly root: ManifestDocument; readonly brought: readonly BroughtReferrer[] },
  signal: AbortSignal,
): Promise<void> {
  const { target } = lane;
  const own = brought.filter(({ lanes }) => lanes.includes(lane));
  if (own.length === 0) return;
  if (target.putReferrer === undefined)
    throw new OciError(
      "UNSUPPORTED",
      `Cannot bring signatures and attestations to ${quote(target.name)}: it does not keep them, expected docker:// or oci:DIR:NAME`,
    );
  if (own.some(({ subject }) => subject === root.descriptor.digest)) await copy.run(() => target.putManifest(root, { signal }), signal);
}

async function putReferrer(copy: Copy, { descriptor, source, tag, lanes }: BroughtReferrer, signal: AbortSignal): Promise<void> {
  const document = await forLanes(copy, lanes, () => copy.run(() => source.manifest(descriptor, { signal }), signal), signal);
  if (document === undefined) return;
  const put = ({ target }: Lane, inner: AbortSignal) =>
    copy.run(async () => target.putReferrer?.(document, { signal: inner, ...(tag !== undefined && { tag }) }), inner);
  await inEachLane(copy, lanes, put, signal);
}
