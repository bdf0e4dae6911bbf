import { OciError, quote, shorten } from "../base/mod.ts";
import {
  type Descriptor,
  type Digest,
  encodedDigest,
  formatPlatform,
  type ImageIndex,
  matchesPlatform,
  normalisePlatform,
  type Platform,
  parsePlatform,
} from "../spec/mod.ts";

/** What else entries are known by, see {@linkcode findEntries}. */
export interface FindOptions {
  /** Names recorded for entries: files of artifacts, image names. */
  readonly names?: ReadonlyMap<string, readonly Digest[]>;
}

/**
 * Returns the entries that `text` means. It is tried as a digest, as the first 6 or more hexadecimal digits of one, as
 * `os/arch[/variant][:os.version]`, as a recorded name; the first that finds something decides. A platform that an entry has
 * exactly wins; otherwise a variant that is left out may be anything.
 * @example Find by platform and by digest
 * ```ts
 * import assert from "node:assert/strict";
 * import { createIndex, findEntries } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const entry = { ...emptyDescriptor, platform: { os: "linux", architecture: "arm64", variant: "v8" } };
 * const index = createIndex({ manifests: [entry] });
 * assert.deepEqual(findEntries(index, "linux/arm64"), [entry]);
 * assert.deepEqual(findEntries(index, "44136fa"), [entry]);
 * assert.deepEqual(findEntries(index, "linux/amd64"), []);
 * ```
 */
export function findEntries(index: ImageIndex, text: string, options: FindOptions = {}): readonly Descriptor[] {
  const searches = [
    () => index.manifests.filter((entry) => entry.digest === text),
    () => findByPrefix(index, text),
    () => findByPlatform(index, text),
    () => findByName(index, options.names?.get(text) ?? []),
  ];
  for (const search of searches) {
    const found = search();
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * Returns the entries that `text` means, see {@linkcode findEntries}, where they are one image: several only if they have
 * the same digest.
 * @throws {OciError} `NOT_FOUND` that names the entries there are, `INVALID` that names the several it could mean
 */
export function requireEntries(index: ImageIndex, text: string, options: FindOptions = {}): readonly Descriptor[] {
  const found = findEntries(index, text, options);
  const [first] = found;
  if (first === undefined) {
    const there = index.manifests.length === 0 ? "the index has no entries" : `there are ${listEntries(index.manifests)}`;
    throw new OciError("NOT_FOUND", `Cannot find entry ${quote(text)}: no digest, platform or name is like it, ${there}`);
  }
  if (found.some((entry) => entry.digest !== first.digest)) {
    throw new OciError("INVALID", `Cannot find entry ${quote(text)}: it could be ${listEntries(found)}, a digest would say which`);
  }
  return found;
}

const shownEntries = 20;

function listEntries(entries: readonly Descriptor[]): string {
  const shown = entries.slice(0, shownEntries).map((entry) => {
    const platform = entry.platform ? quote(shorten(formatPlatform(entry.platform), 60)).slice(1, -1) : "";
    return platform === "" ? entry.digest : `${entry.digest} (${platform})`;
  });
  const more = entries.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

function findByPrefix(index: ImageIndex, text: string): readonly Descriptor[] {
  const match = /^(?:(sha256|sha512):)?([0-9a-f]{6,128})$/.exec(text);
  const [, algorithm, prefix] = match ?? [];
  if (prefix === undefined) return [];
  return index.manifests.filter(({ digest }) => encodedDigest(digest).startsWith(prefix) && (algorithm === undefined || digest.startsWith(`${algorithm}:`)));
}

function findByPlatform(index: ImageIndex, text: string): readonly Descriptor[] {
  const wanted = tryPlatform(text);
  if (wanted === undefined) return [];
  const near = index.manifests.filter(({ platform }) => platform && isNear(normalisePlatform(platform), wanted));
  const namesVariant = text.split("/").length > 2;
  return exactOr(namesVariant ? [] : near, near, wanted);
}

function isNear(actual: Platform, wanted: Platform): boolean {
  const version = wanted["os.version"];
  return actual.os === wanted.os && actual.architecture === wanted.architecture && (version === undefined || actual["os.version"] === version);
}

function exactOr(others: readonly Descriptor[], near: readonly Descriptor[], wanted: Platform): readonly Descriptor[] {
  const exact = near.filter(({ platform }) => platform && (normalisePlatform(platform).variant ?? "") === (normalisePlatform(wanted).variant ?? ""));
  return exact.length > 0 ? exact : others;
}

/**
 * Returns those of `entries` that run on `platform`. One that has it exactly wins; otherwise a variant that is left out may
 * be anything.
 */
export function entriesFor(entries: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const near = entries.filter((entry) => matchesPlatform(entry.platform, platform));
  return exactOr(near, near, platform);
}

function tryPlatform(text: string): Platform | undefined {
  try {
    return parsePlatform(text);
  } catch {
    return undefined;
  }
}

function findByName(index: ImageIndex, digests: readonly Digest[]): readonly Descriptor[] {
  return digests.length === 0 ? [] : index.manifests.filter((entry) => digests.includes(entry.digest));
}
