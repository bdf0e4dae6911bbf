import { mapAll, OciError, quote } from "../base/mod.ts";
import { annotateIndex, createIndex } from "../index/mod.ts";
import type { Annotations } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { addFound, finish, type ListResult, resultOf, sayOnce } from "./change.ts";
import { type ImageSelection, platformOverrides } from "./choose.ts";
import type { ListContext } from "./context.ts";
import { type Format, indexMediaTypeOf } from "./format.ts";
import type { FoundImage } from "./found-image.ts";
import { findImages } from "./image.ts";
import { annotateLevels, type EntryAnnotations } from "./levels.ts";
import { type ManifestLevel, withManifestLevel } from "./manifest-level.ts";
import { openListPlace } from "./open-place.ts";
import type { ListPlace, ListView } from "./place.ts";
import { warnReservedKeys } from "./reserved.ts";
import { samePlatformWarnings } from "./same-platform.ts";
import { describeSubject } from "./subject.ts";

/** Options of {@linkcode createList}. */
export interface CreateListOptions extends ImageSelection {
  /** Images to begin with: `docker://…`, `oci:…`, a local list, `IMAGE=PLATFORM`, `@FILE`. @default none */
  readonly images?: readonly string[];
  /** Annotations of the index. @default none */
  readonly annotations?: Annotations;
  /** Annotations of the entries, after the images are in. @default none */
  readonly entryAnnotations?: readonly EntryAnnotations[];
  /** Annotations inside the manifests of images by platform, which get new digests by that. @default none */
  readonly manifestAnnotations?: readonly EntryAnnotations[];
  /** Edits a list of this name that is there already. @default false */
  readonly amend?: boolean;
  /** Takes the name away from the list that has it. @default false */
  readonly replace?: boolean;
  /** Type of the list; one that is amended is converted, which agrees to what that drops. */
  readonly format?: Format;
  /** Returns the type of a new list where {@linkcode format} does not say it; nothing is dropped for it. @default `"oci"` */
  readonly defaultFormat?: () => Format;
  /** Type of the artifact the index is. */
  readonly artifactType?: string;
  /** Image the index refers to. */
  readonly subject?: string;
}

/**
 * Makes a list: in the local store, or, where `list` is a location, right there. It is all or nothing: when one image
 * cannot be read, nothing is left behind.
 * @throws {OciError} `EXISTS` for a name that is taken
 * @example An index with annotations, in memory
 * ```ts
 * import assert from "node:assert/strict";
 * import { createList, openLists } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const lists = openLists(memoryHost(), { root: "/lists" });
 * const { mediaType } = await createList(lists, "app", { annotations: { "org.opencontainers.image.description": "An app" } });
 * assert.equal(mediaType, "application/vnd.oci.image.index.v1+json");
 * ```
 */
export async function createList(context: ListContext, list: string, options: CreateListOptions = {}): Promise<ListResult> {
  if (options.amend === true && options.replace === true)
    throw new OciError("INVALID", `Cannot create ${quote(list)}: amend and replace are mutually exclusive`);
  const place = await openListPlace(context, list);
  const existing = options.amend === true || !(place.replaces || options.replace === true) ? await existingView(place, options) : undefined;
  const mediaType = indexMediaTypeOf(options.format ?? (existing ? undefined : options.defaultFormat?.()) ?? "oci");
  const [found, subject] = await Promise.all([
    mapAll(options.images ?? [], (image, signal) => findImages({ ...context, signal }, image, options, place.foresee), context.signal),
    options.subject === undefined ? undefined : describeSubject(context, options.subject),
  ]);
  const overrides = { platform: platformOverrides(options) };
  const finishing = { place, ...(existing && { known: existing.state.features }), ...(options.format !== undefined && { format: options.format }) };
  const say = sayOnce(context);
  const change = (state: ListState, images: readonly FoundImage[], level: ManifestLevel): ListState => {
    const index = annotateIndex(state.index, {
      ...(options.annotations && { annotations: options.annotations }),
      ...(options.artifactType !== undefined && { artifactType: options.artifactType }),
      ...(subject && { subject }),
    });
    const added = addFound({ ...state, index }, images, { all: {}, overrides });
    samePlatformWarnings(place.name, state.index, added.index).forEach(say);
    const levelled = level.apply({ ...added, index: annotateLevels(added.index, options.entryAnnotations ?? []) });
    return finish(levelled, finishing, say);
  };
  const fresh: ListState = { index: createIndex({ mediaType }), sources: {}, features: {} };
  const creation = { replace: options.replace ?? false, onlyIfAbsent: options.amend === true };
  const { manifestAnnotations = [], entryAnnotations = [] } = options;
  const result = await place.hold(found.flat(), (images) =>
    withManifestLevel(context, { place, annotations: manifestAnnotations, say }, async (level) => {
      const { documents } = level;
      const view = existing
        ? await place.edit(existing, (state) => change(state, images, level), { documents })
        : await place.create(change(fresh, images, level), { ...creation, documents });
      return resultOf(
        view,
        images.map(({ entry }) => level.digestOf(entry.digest)),
      );
    }),
  );
  warnReservedKeys(context, options.annotations, ...[...entryAnnotations, ...manifestAnnotations].map(({ annotations }) => annotations));
  return result;
}

/** A name that is taken is found before an image is read. What is only the beginning of some list's ID is a free name. */
async function existingView(place: ListPlace, options: CreateListOptions): Promise<ListView | undefined> {
  const view = await place.tryRead();
  const name = view && place.nameIn(view);
  if (options.amend === true) return name !== undefined || view?.id === place.name ? view : undefined;
  if (view === undefined || name === undefined) return undefined;
  throw new OciError("EXISTS", `image name "${name}" is already associated with image "${view.id}": that name is already in use`);
}
