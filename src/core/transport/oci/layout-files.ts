import * as v from "valibot";
import { type Bytes, encodeUtf8, OciError, parseJson, quote } from "../../base/mod.ts";
import { type ContentFiles, openContentFiles, publishFile, readPlainFile } from "../../content/mod.ts";
import type { Host } from "../../port/mod.ts";
import { digestAlgorithm, encodedDigest, formatLocation, type OciLocation } from "../../spec/mod.ts";

/** What a layout needs of a host. */
export type LayoutHost = Pick<Host, "files" | "hash" | "random" | "clock">;

/** The files of one layout. */
export interface LayoutFiles {
  /** The host. */
  readonly host: LayoutHost;
  /** The location. */
  readonly location: OciLocation;
  /** The location in words, for messages, in quotes. */
  readonly what: string;
  /** The directory. */
  readonly path: string;
  /** The blobs. */
  readonly content: ContentFiles;
}

const marker = "oci-layout";
const version = "1.0.0";
const markerLimit = 64 * 1024;
const indexLimit = 4 * 1024 * 1024;
const MarkerSchema: v.GenericSchema<unknown, { readonly imageLayoutVersion: string }> = v.object({ imageLayoutVersion: v.string() });

/** Returns the files of the layout at `location`; nothing is read or made before it is needed. */
export function openLayoutFiles(host: LayoutHost, location: OciLocation): LayoutFiles {
  const path = host.files.absolute(location.path);
  const content = openContentFiles(host, path, { naming: (digest) => ["blobs", digestAlgorithm(digest) ?? "", encodedDigest(digest)] });
  return { host, location, what: quote(formatLocation(location)), path, content };
}

/** Returns the bytes of `index.json`. @throws {OciError} `NOT_FOUND` if there is no layout, `INVALID` if it is not one, `UNSUPPORTED` for another version */
export async function readLayout(layout: LayoutFiles): Promise<Bytes> {
  const { host, path, what } = layout;
  if ((await host.files.status(path)) === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: there is no such directory`);
  const isLayout = await checkMarker(layout);
  const bytes = await readIndex(layout);
  if (!isLayout && bytes !== undefined) throw noMarker(layout);
  if (!isLayout) throw new OciError("NOT_FOUND", `Cannot read ${what}: the directory has no file "${marker}", it is not an OCI layout`);
  if (bytes === undefined) throw new OciError("NOT_FOUND", `Cannot read ${what}: the layout has no index.json`);
  return bytes;
}

/** What {@linkcode makeLayout} found and made. */
export interface MadeLayout {
  /** Whether the directory was made. */
  readonly directory: boolean;
  /** Whether the marker was made. */
  readonly marker: boolean;
  /** The bytes of `index.json`, where there is one. */
  readonly index: Bytes | undefined;
}

/** Makes the directory and the marker, unless they are there. @throws {OciError} `INVALID` if the directory is a damaged layout, `UNSUPPORTED` for another version */
export async function makeLayout(layout: LayoutFiles): Promise<MadeLayout> {
  const { files } = layout.host;
  const directory = (await files.status(layout.path)) === undefined;
  if (directory) {
    await files.makeDirectory(layout.path);
    await files.syncDirectory(files.dirname(layout.path));
  }
  const hasMarker = await checkMarker(layout);
  const index = await readIndex(layout);
  if (hasMarker) return { directory, marker: false, index };
  if (index !== undefined) throw noMarker(layout);
  const path = files.join(layout.path, marker);
  await publishFile(files, path, encodeUtf8(JSON.stringify({ imageLayoutVersion: version })), { random: layout.host.random });
  return { directory, marker: true, index };
}

async function readIndex({ host, path, what }: LayoutFiles): Promise<Bytes | undefined> {
  return readPlainFile(host.files, { directory: path, parts: ["index.json"], what: `index.json of ${what}` }, indexLimit);
}

/** Takes away what {@linkcode makeLayout} made in a directory that was there, and the folders of blobs if they are empty. */
export async function unmakeLayout({ host: { files }, path }: LayoutFiles): Promise<void> {
  const blobs = files.join(path, "blobs");
  const folders = (await files.status(blobs))?.kind === "directory" ? await files.list(blobs) : [];
  const names = await Promise.all(folders.map((folder) => files.list(files.join(blobs, folder)).catch(() => ["not a directory"])));
  if (names.some((each) => each.length > 0)) return;
  await files.remove(blobs);
  await files.remove(files.join(path, marker));
}

function noMarker({ what }: LayoutFiles): OciError {
  return new OciError(
    "INVALID",
    `Cannot use ${what}: the directory has an index.json and no file "${marker}", expected {"imageLayoutVersion":"${version}"} in it`,
  );
}

async function checkMarker({ host, path, what }: LayoutFiles): Promise<boolean> {
  const bytes = await readPlainFile(host.files, { directory: path, parts: [marker], what: `${marker} of ${what}` }, markerLimit);
  if (bytes === undefined) return false;
  const { imageLayoutVersion } = parseJson(MarkerSchema, bytes, `${marker} of ${what}`);
  if (imageLayoutVersion === version) return true;
  throw new OciError("UNSUPPORTED", `Cannot use ${what}: its layout has version ${quote(imageLayoutVersion)}, expected ${version}`);
}
