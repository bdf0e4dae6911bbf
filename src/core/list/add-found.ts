import { annotateIndex, type EntryPatch } from "../index/mod.ts";
import type { Annotations, Digest } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { addFound, finish, type ListResult, resultOf, sayOnce } from "./change.ts";
import { type ImageSelection, platformOverrides } from "./choose.ts";
import type { ListContext } from "./context.ts";
import type { Format } from "./format.ts";
import type { FoundImage } from "./found-image.ts";
import { annotateLevels, type EntryAnnotations } from "./levels.ts";
import { type ManifestLevel, withManifestLevel } from "./manifest-level.ts";
import type { OpenedList } from "./place.ts";
import { warnReservedKeys } from "./reserved.ts";
import { samePlatformWarnings } from "./same-platform.ts";

/** What is said of entries that are added, and of their list. */
export interface AddedEntryOptions extends Pick<ImageSelection, "os" | "architecture" | "variant"> {
  /** Annotations of the entries. @default none */
  readonly annotations?: Annotations;
  /** Annotations of the index. @default none */
  readonly indexAnnotations?: Annotations;
  /** Annotations of entries by platform, after the images are in. @default none */
  readonly entryAnnotations?: readonly EntryAnnotations[];
  /** Annotations inside the manifests of images by platform, which get new digests by that. @default none */
  readonly manifestAnnotations?: readonly EntryAnnotations[];
  /** Overrides the version of the operating system. */
  readonly osVersion?: string;
  /** Overrides the features the operating system must have. */
  readonly osFeatures?: readonly string[];
  /** Overrides the CPU features, which only a docker list holds. */
  readonly features?: readonly string[];
  /** Converts the list, and agrees to what that drops. */
  readonly format?: Format;
}

/** Result of adding to a list. */
export interface AddResult extends ListResult {
  /** First digest that each image gave, in the order of the images; an artifact gives one. */
  readonly added: readonly Digest[];
}

/** What is added, and to which list. */
export interface Adding extends OpenedList {
  /** What each image gave. */
  readonly found: readonly (readonly FoundImage[])[];
}

/** Adds to a list what was found, with what `options` say of it. */
export async function addToPlace(context: ListContext, { place, view, found }: Adding, options: AddedEntryOptions): Promise<AddResult> {
  const patches = { all: patchOf(options), overrides: { platform: platformOverrides(options) } };
  const say = sayOnce(context);
  const finishing = { place, known: view.state.features, ...(options.format !== undefined && { format: options.format }) };
  const change = (state: ListState, images: readonly FoundImage[], level: ManifestLevel): ListState => {
    const added = addFound(state, images, patches);
    const index = annotateLevels(
      options.indexAnnotations ? annotateIndex(added.index, { annotations: options.indexAnnotations }) : added.index,
      options.entryAnnotations ?? [],
    );
    samePlatformWarnings(place.name, state.index, index).forEach(say);
    return finish(level.apply({ ...added, index }), finishing, say);
  };
  const { manifestAnnotations = [], entryAnnotations = [] } = options;
  const result = await place.hold(found.flat(), (images) =>
    withManifestLevel(context, { place, annotations: manifestAnnotations, say }, async (level) => {
      const written = await place.edit(view, (state) => change(state, images, level), { documents: level.documents });
      const digests = (group: readonly FoundImage[]) => group.map(({ entry }) => level.digestOf(entry.digest));
      return { ...resultOf(written, digests(images)), added: found.flatMap((group) => digests(group).slice(0, 1)) };
    }),
  );
  const levels = [...entryAnnotations, ...manifestAnnotations];
  warnReservedKeys(context, options.annotations, options.indexAnnotations, ...levels.map(({ annotations }) => annotations));
  return result;
}

function patchOf({ annotations, osVersion, osFeatures, features }: AddedEntryOptions): EntryPatch {
  return {
    ...(annotations && { annotations }),
    platform: {
      ...(osVersion !== undefined && { "os.version": osVersion }),
      ...(osFeatures && { "os.features": osFeatures }),
      ...(features && { features }),
    },
  };
}
