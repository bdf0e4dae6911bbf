import { OciError, quote } from "../base/mod.ts";
import type { CompressionChange } from "../copy/mod.ts";
import type { CompressionFormat, Host } from "../port/mod.ts";
import type { Format } from "./format.ts";

/** How a push compresses the layers of images. */
export interface PushCompression {
  /** Format that layers get. @default layers stay as they are; with a `level` alone, those that are not compressed get gzip */
  readonly format?: CompressionFormat;
  /** Whether layers that are compressed in another format get it too; needs `format`. @default true */
  readonly force?: boolean;
  /** How hard to try, 1 to 9 for gzip and 1 to 20 for zstd: for `format`, or without one for `add`. @default the runtime's */
  readonly level?: number;
  /** Formats in which every platform gets an image, beside the images it has. @default none */
  readonly add?: readonly CompressionFormat[];
}

/** One change of layers, and how hard to try. */
export interface LevelledChange extends CompressionChange {
  /** How hard to try. @default the runtime's */
  readonly level?: number;
}

/** What is to be done to the images of a list. */
export interface CompressionPlan {
  /** What every image becomes. */
  readonly all?: LevelledChange;
  /** What every platform gets beside. */
  readonly added: readonly LevelledChange[];
}

/** Levels: zlib's, and those that podman documents for zstd. */
const levels: Readonly<Record<CompressionFormat, readonly [lowest: number, highest: number]>> = { gzip: [1, 9], zstd: [1, 20] };

/** Returns the format of layers that `text` names. @throws {OciError} `INVALID` that names the good ones and where the bad one came from, `UNSUPPORTED` for zstd:chunked */
export function parseCompressionFormat(text: string, origin: string): CompressionFormat {
  if (text === "gzip" || text === "zstd") return text;
  if (text === "zstd:chunked")
    throw new OciError(
      "UNSUPPORTED",
      `Cannot compress as "zstd:chunked" from ${origin}: the table of contents that it adds to zstd is not made here, expected zstd`,
    );
  throw new OciError("INVALID", `Cannot use compression ${quote(text)} from ${origin}: expected gzip or zstd`);
}

/**
 * Returns what `compression` asks for, or undefined where that is nothing. Whatever can be refused before an image is read is.
 * @throws {OciError} `INVALID` for a level out of range and for what contradicts itself, `UNSUPPORTED` for a format that cannot be made here, or not in the format of images
 */
export function planCompression(host: Pick<Host, "compression" | "environment">, compression: PushCompression, format?: Format): CompressionPlan | undefined {
  const { force, level, add = [] } = compression;
  if (force === true && compression.format === undefined) throw new OciError("INVALID", "Cannot force compression: no format is given, expected gzip or zstd");
  const levelled = level === undefined ? {} : { level };
  const all = changeOfAll(compression);
  const added = [...new Set(add)].map((each): LevelledChange => ({ format: each, force: true, ...(all === undefined && levelled) }));
  for (const change of [...(all ? [all] : []), ...added]) requirePossible(host, change, format);
  return all === undefined && added.length === 0 ? undefined : { ...(all && { all }), added };
}

/** A level asks for compression too: as in buildah, of what is not compressed, with gzip. */
function changeOfAll({ format, force = true, level, add = [] }: PushCompression): LevelledChange | undefined {
  const levelled = level === undefined ? {} : { level };
  if (format !== undefined) return { format, force, ...levelled };
  return level !== undefined && add.length === 0 ? { format: "gzip", force: false, level } : undefined;
}

function requirePossible({ compression, environment }: Pick<Host, "compression" | "environment">, { format, level }: LevelledChange, images?: Format): void {
  if (!compression.formats.includes(format))
    throw new OciError(
      "UNSUPPORTED",
      `Cannot compress layers with ${format}: ${environment.runtime} makes ${compression.formats.join(", ")}; Bun, Deno and Node from 22.15 on make zstd`,
    );
  const [lowest, highest] = levels[format];
  if (level !== undefined && !(Number.isInteger(level) && level >= lowest && level <= highest))
    throw new OciError("INVALID", `Cannot compress layers with ${format} at level ${level}: expected ${lowest} to ${highest}`);
  if (format === "zstd" && images === "v2s2")
    throw new OciError("UNSUPPORTED", "Cannot compress layers of v2s2 images with zstd: docker has no type for that; oci has");
}
