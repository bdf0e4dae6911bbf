import { OciError, quote } from "../base/mod.ts";
import { entriesFor, isAttestation, selectPlatform } from "../index/mod.ts";
import { type Descriptor, formatPlatform, type ImageIndex, type Platform } from "../spec/mod.ts";

/** Which images of a source to take. */
export interface ImageSelection {
  /** Takes every entry of an index, unless platforms are named. @default false */
  readonly all?: boolean;
  /** Takes the entries of an index with these platforms; an image must have one of them. */
  readonly platforms?: readonly Platform[];
  /** Operating system that selects from an index, and overrides what an image records. */
  readonly os?: string;
  /** Architecture that selects from an index, and overrides what an image records. */
  readonly architecture?: string;
  /** Variant that selects from an index, and overrides what an image records. */
  readonly variant?: string;
  /** Takes the attestations of the images along. @default true */
  readonly attestations?: boolean;
}

/** Which entries to choose, and of what. */
export interface EntrySelection extends ImageSelection {
  /** The index as the user named it. */
  readonly name: string;
  /** Architecture that is chosen where none is asked for. */
  readonly hostArchitecture: string;
}

/** Tells whether every entry of an index is taken, and none chosen. */
export function takesAll({ all = false, platforms = [] }: ImageSelection): boolean {
  return all && platforms.length === 0;
}

/**
 * Returns the entries of `index` that are wanted: those of the platforms named, all, the only image, or the instance for the
 * operating system and architecture asked for, else for linux on the host's architecture. @throws {OciError} `NOT_FOUND`
 */
export function chooseEntries(index: ImageIndex, selection: EntrySelection): readonly Descriptor[] {
  const { name } = selection;
  const images = index.manifests.filter((entry) => !isAttestation(entry));
  if (selection.platforms !== undefined && selection.platforms.length > 0) return selection.platforms.flatMap((platform) => byPlatform(name, images, platform));
  if (takesAll(selection)) return selection.attestations === false ? images : index.manifests;
  if (selection.os === undefined && selection.architecture === undefined && selection.variant === undefined && images.length === 1) return images;
  const platform: Platform = {
    os: selection.os ?? "linux",
    architecture: selection.architecture ?? selection.hostArchitecture,
    ...(selection.variant !== undefined && { variant: selection.variant }),
  };
  const entry = selectPlatform({ ...index, manifests: images }, platform);
  if (entry === undefined) throw missing(name, images, formatPlatform(platform));
  return [entry];
}

function byPlatform(name: string, images: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const matching = entriesFor(images, platform);
  if (matching.length === 0) throw missing(name, images, formatPlatform(platform));
  return matching;
}

function missing(name: string, images: readonly Descriptor[], wanted: string): OciError {
  const there = images.map((entry) => (entry.platform ? formatPlatform(entry.platform) : entry.digest)).join(", ");
  return new OciError("NOT_FOUND", `Cannot take ${quote(name)}: no image found in it for ${wanted}, it has ${there === "" ? "no images" : there}`);
}

/** Returns what `--os`, `--arch` and `--variant` override on a single image. */
export function platformOverrides(selection: ImageSelection): { readonly os?: string; readonly architecture?: string; readonly variant?: string } {
  return {
    ...(selection.os !== undefined && { os: selection.os }),
    ...(selection.architecture !== undefined && { architecture: selection.architecture }),
    ...(selection.variant !== undefined && { variant: selection.variant }),
  };
}
