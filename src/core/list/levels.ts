import { OciError, parseAs, quote, readJson } from "../base/mod.ts";
import { annotateEntries, entriesFor, isAttestation } from "../index/mod.ts";
import { type Annotations, AnnotationsSchema, formatPlatform, type ImageIndex, type Platform, parseAnnotation, parsePlatform } from "../spec/mod.ts";

/** Annotations of entries: of those with the platform, or of all images. */
export interface EntryAnnotations {
  /** Whose annotations; absent for every image. */
  readonly platform?: Platform;
  /** What they get. */
  readonly annotations: Annotations;
}

/** Annotations by the level they belong to. */
export interface LevelAnnotations {
  /** Those without prefix: the verb knows where they go. */
  readonly plain: Annotations;
  /** Those of the index. */
  readonly index: Annotations;
  /** Those of entries. */
  readonly entries: readonly EntryAnnotations[];
  /** Those inside the manifests of images. */
  readonly manifests: readonly EntryAnnotations[];
}

const prefix = /^((?:index|manifest-descriptor|manifest)(?:\[[^\]]*\])?(?:,(?:index|manifest-descriptor|manifest)(?:\[[^\]]*\])?)*):/;

/**
 * Returns the annotations that texts name: `KEY=VALUE`, with buildx's prefixes `index:` and
 * `manifest-descriptor[os/arch]:` and `manifest[os/arch]:`, several of them joined by commas. @throws {OciError} `INVALID`
 */
export function parseLevelAnnotations(texts: readonly string[]): LevelAnnotations {
  const [plain, index]: Record<string, string>[] = [{}, {}];
  const [entries, manifests]: EntryAnnotations[][] = [[], []];
  for (const text of texts) {
    const levels = prefix.exec(text)?.[1];
    const [key, value] = parseAnnotation(levels === undefined ? text : text.slice(levels.length + 1));
    const annotations: Annotations = { [key]: value };
    for (const level of levels?.split(",") ?? [""]) {
      if (level === "") define(plain, key, value);
      else if (level === "index") define(index, key, value);
      else (/^manifest(?:\[|$)/.test(level) ? manifests : entries)?.push({ ...levelPlatform(level, text), annotations });
    }
  }
  return { plain: plain ?? {}, index: index ?? {}, entries: entries ?? [], manifests: manifests ?? [] };
}

/** Assignment would take `__proto__` for the prototype. */
function define(map: Record<string, string> | undefined, key: string, value: string): void {
  if (map) Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

function levelPlatform(level: string, text: string): { readonly platform?: Platform } {
  const open = level.indexOf("[");
  const name = open < 0 ? level : level.slice(0, open);
  if (name === "index") throw new OciError("INVALID", `Cannot read annotation ${quote(text)}: the index has no platform, expected index:KEY=VALUE`);
  return open < 0 ? {} : { platform: parsePlatform(level.slice(open + 1, -1)) };
}

/**
 * Returns the annotations in a file as texts that {@linkcode parseLevelAnnotations} takes: lines `KEY=VALUE` (empty ones and
 * those that begin with `#` are skipped), or a JSON object. @throws {OciError} `INVALID`
 */
export function readAnnotationFile(bytes: Uint8Array, what: string): readonly string[] {
  const text = new TextDecoder().decode(bytes);
  if (text.trimStart().startsWith("{")) return Object.entries(parseAs(AnnotationsSchema, readJson(bytes, what), what)).map(joinAnnotation);
  return text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

function joinAnnotation([key, value]: readonly [string, string]): string {
  if (key.includes("=")) throw new OciError("INVALID", `Cannot read annotation ${quote(key)}: its key holds "=", which cannot be written as KEY=VALUE`);
  return `${key}=${value}`;
}

/** Returns `index` with the annotations of entries. @throws {OciError} `NOT_FOUND` for a platform no image has */
export function annotateLevels(index: ImageIndex, entries: readonly EntryAnnotations[]): ImageIndex {
  return entries.reduce((current, { platform, annotations }) => {
    const all = current.manifests.filter((entry) => !isAttestation(entry));
    const images = platform === undefined ? all : entriesFor(all, platform);
    if (images.length === 0 && platform !== undefined)
      throw new OciError("NOT_FOUND", `Cannot annotate ${formatPlatform(platform)}: no image of the list has that platform`);
    return annotateEntries(current, images, { annotations });
  }, index);
}
