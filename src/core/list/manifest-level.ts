import { mapAll, OciError } from "../base/mod.ts";
import { newDocument } from "../content/mod.ts";
import { entriesFor, isAttestation, referenceDigestKey, rewriteEntries, rewriteLosses } from "../index/mod.ts";
import {
  type Annotations,
  type Descriptor,
  type Digest,
  findEditObstacle,
  formatPlatform,
  type ImageIndex,
  isDockerMediaType,
  isIndexDocument,
  isManifestMediaType,
  type ManifestDocument,
  mergeAnnotations,
} from "../spec/mod.ts";
import type { EntrySource, ListState } from "../store/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { listLosses } from "./format.ts";
import type { EntryAnnotations } from "./levels.ts";
import type { ListPlace } from "./place.ts";

/** The manifests of images with annotations inside, and how a list comes to point to them. */
export interface ManifestLevel {
  /** Manifests that were made. */
  readonly documents: readonly ManifestDocument[];
  /** Returns `state` pointing to them. It may be called again on a newer state. */
  apply(state: ListState): ListState;
  /** Returns what became of `digest` when it was last applied. */
  digestOf(digest: Digest): Digest;
}

/** What annotations of manifests need beside them. */
export interface ManifestLevelOptions {
  /** The list's place. */
  readonly place: ListPlace;
  /** What the manifests get. */
  readonly annotations: readonly EntryAnnotations[];
  /** Takes warnings. */
  readonly say: (message: string) => void;
}

/**
 * Runs `edit` with the annotations of manifests. Which manifests they are shows only when the edit is applied, so it is begun
 * again when they have been read, and once more when somebody else has added to the list in between.
 * @throws {OciError} `NOT_FOUND` for a platform no image has; `UNSUPPORTED` for manifests that hold no annotations; `LOSS` for one that cannot be edited
 */
export async function withManifestLevel<T>(context: ListContext, options: ManifestLevelOptions, edit: (level: ManifestLevel) => Promise<T>): Promise<T> {
  const made = new Map<string, ManifestDocument>();
  for (;;) {
    try {
      return await edit(openLevel(options, made));
    } catch (error) {
      if (!(error instanceof Unread)) throw error;
      const documents = await mapAll(error.tasks, (task) => annotateManifest(context, options.place, task), context.signal);
      for (const [at, task] of error.tasks.entries()) {
        const document = documents[at];
        if (document) made.set(keyOf(task), document);
      }
    }
  }
}

/** One manifest to annotate. */
interface Task {
  readonly entry: Descriptor;
  readonly origin: EntrySource;
  readonly annotations: Annotations;
}

/** Says which manifests an edit needs that nobody has read. */
class Unread extends Error {
  readonly tasks: readonly Task[];

  constructor(tasks: readonly Task[]) {
    super("manifests have not been read");
    this.tasks = tasks;
  }
}

function keyOf({ entry, annotations }: Pick<Task, "entry" | "annotations">): string {
  return `${entry.digest} ${JSON.stringify(annotations)}`;
}

function openLevel(options: ManifestLevelOptions, made: ReadonlyMap<string, ManifestDocument>): ManifestLevel {
  let digests: ReadonlyMap<Digest, Digest> = new Map();
  return {
    documents: [...made].flatMap(([key, document]) => (key.startsWith(`${document.descriptor.digest} `) ? [] : [document])),
    digestOf: (digest) => digests.get(digest) ?? digest,
    apply(state) {
      const tasks = tasksOf(options, state);
      const unread = tasks.filter((task) => !made.has(keyOf(task)));
      if (unread.length > 0) throw new Unread(unread);
      const changed = tasks.flatMap((task) => {
        const document = made.get(keyOf(task));
        return document === undefined || document.descriptor.digest === task.entry.digest ? [] : [{ ...task, document }];
      });
      digests = new Map(changed.map(({ entry, document }) => [entry.digest, document.descriptor.digest]));
      return repoint(options, state, changed);
    },
  };
}

interface Changed extends Task {
  readonly document: ManifestDocument;
}

function repoint({ place, say }: ManifestLevelOptions, state: ListState, changed: readonly Changed[]): ListState {
  if (changed.length === 0) return state;
  const fresh = new Map(changed.map(({ entry, document }) => [entry.digest, document.descriptor]));
  const isGone = (digest: string) => changed.some(({ entry }) => entry.digest === digest);
  const kept = Object.entries(state.sources).filter(([digest]) => !isGone(digest));
  const sources = changed.map(({ document, origin }) => [document.descriptor.digest, rewrittenOrigin(origin, place)] as const);
  if (state.index.manifests.some((entry) => isAttestation(entry) && isGone(entry.annotations?.[referenceDigestKey] ?? "")))
    say("the attestations of annotated images now point to the new digests, their statements still name the old ones");
  const lost = rewriteLosses(state.index, new Set(fresh.keys()));
  if (lost.length > 0) say(`the entries of annotated images lose ${listLosses(lost)}, which spoke of the old bytes`);
  return { ...state, index: rewriteEntries(state.index, fresh), sources: Object.fromEntries([...kept, ...sources]) };
}

/** The new manifest is kept where there is a record; what was kept whole is whole with it. */
function rewrittenOrigin({ kept, ...origin }: EntrySource, { hasRecord }: ListPlace): EntrySource {
  return { ...origin, ...(kept === "all" ? { kept } : hasRecord && { kept: "manifest" }) };
}

/** Returns what to do in `state`: one task for each image that is meant, however many entries point to it. */
function tasksOf({ place, annotations }: ManifestLevelOptions, state: ListState): readonly Task[] {
  const tasks = new Map<Digest, Task>();
  for (const level of annotations) {
    for (const entry of imagesOf(state.index, level)) {
      const origin = place.originOf(state, entry.digest);
      if (origin === undefined) throw refused(entry, "the list does not say where it lies");
      const before = tasks.get(entry.digest);
      tasks.set(entry.digest, { entry, origin, annotations: mergeAnnotations(before?.annotations, level.annotations) ?? {} });
    }
  }
  return [...tasks.values()];
}

function imagesOf(index: ImageIndex, { platform }: EntryAnnotations): readonly Descriptor[] {
  const all = index.manifests.filter((entry) => !isAttestation(entry));
  const images = platform === undefined ? all : entriesFor(all, platform);
  if (images.length === 0 && platform !== undefined)
    throw new OciError("NOT_FOUND", `Cannot annotate the manifest of ${formatPlatform(platform)}: no image of the list has that platform`);
  for (const entry of images) {
    if (isDockerMediaType(entry.mediaType)) throw refused(entry, "a docker image manifest holds no annotations, expected an OCI image or manifest-descriptor:");
    if (!isManifestMediaType(entry.mediaType)) throw refused(entry, `its type is ${entry.mediaType}, expected an image manifest`);
  }
  return images;
}

function refused(entry: Descriptor, seen: string): OciError {
  return new OciError("UNSUPPORTED", `Cannot annotate the manifest of ${entry.digest}: ${seen}`);
}

async function annotateManifest(context: ListContext, place: ListPlace, { entry, origin, annotations }: Task): Promise<ManifestDocument> {
  const source = await place.open(origin, entry);
  const document = await context.pool.run(() => source.manifest(entry, signalOf(context)));
  if (isIndexDocument(document)) throw refused(entry, "it is an index, expected an image manifest");
  const { value, bytes } = document;
  const isThere = Object.entries(annotations).every(([key, text]) => mergeAnnotations(value.annotations, {})?.[key] === text);
  if (isThere) return document;
  const obstacle = findEditObstacle(bytes);
  if (obstacle !== undefined) throw new OciError("LOSS", `Cannot annotate the manifest of ${entry.digest}: ${obstacle}, so an edit could lose data`);
  const merged = mergeAnnotations(value.annotations, annotations);
  return newDocument(context.host.hash, { ...value, ...(merged && { annotations: merged }) });
}
