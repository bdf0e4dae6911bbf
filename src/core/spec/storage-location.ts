import { type OciError, quote } from "../base/mod.ts";
import { tryParseDigest } from "./digest.ts";
import { parseReference } from "./reference.ts";

/** Which container storage is meant: `[driver@root+runroot:options]`. */
export interface StorageSpecifier {
  /** Storage driver, for example `overlay`. */
  readonly driver?: string;
  /** Directory of images and layers (graph root). */
  readonly root: string;
  /** Directory of what a restart of the machine may take away. */
  readonly runRoot?: string;
  /** Options of the driver, for example `overlay.mount_program=/usr/bin/fuse-overlayfs`. */
  readonly options?: readonly string[];
}

/** In the storage of podman, buildah and CRI-O: `containers-storage:[specifier]NAME[:tag][@digest][@ID]` or `containers-storage:[specifier]@ID`. */
export interface StorageLocation {
  readonly transport: "containers-storage";
  /** Which storage. @default the user's own */
  readonly specifier?: StorageSpecifier;
  /** Name of the image as it was given: with or without host, tag and digest. */
  readonly name?: string;
  /** ID of the image, or its first three or more digits. */
  readonly id?: string;
}

type Wrong = (seen: string) => OciError;

/** Returns `text` as the ID of an image, `sha256:` before all 64 digits or not, or undefined where it is none. */
export function tryParseImageId(text: string): string | undefined {
  return /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1];
}

/** Returns the image in a storage that `rest` names, which stands behind the transport. @throws {OciError} `INVALID` */
export function parseStorage(rest: string, wrong: Wrong): StorageLocation {
  const transport = "containers-storage";
  const { specifier, image } = splitSpecifier(rest, wrong);
  const { name, id } = splitId(image, wrong);
  if (name !== undefined) parseReference(name);
  return { transport, ...(specifier && { specifier }), ...(name !== undefined && { name }), ...(id !== undefined && { id }) };
}

function splitSpecifier(rest: string, wrong: Wrong): { readonly specifier?: StorageSpecifier; readonly image: string } {
  if (!rest.startsWith("[")) return { image: rest };
  const end = rest.indexOf("]");
  if (end < 0) throw wrong('"[" has no "]"');
  return { specifier: parseSpecifier(rest.slice(1, end), wrong), image: rest.slice(end + 1) };
}

/** The storage library cuts in this order: driver before the first `@`, options behind the first `:`, run root behind the first `+`. */
function parseSpecifier(text: string, wrong: Wrong): StorageSpecifier {
  const at = text.indexOf("@");
  const driver = at < 0 ? undefined : text.slice(0, at);
  const [paths, options] = cut(text.slice(at + 1), ":");
  const [root, runRoot] = cut(paths, "+");
  if (driver !== undefined && !/^[a-z0-9]+$/.test(driver)) throw wrong(`${quote(driver)} is not a storage driver`);
  for (const path of [root, ...(runRoot === undefined ? [] : [runRoot])])
    if (!path.startsWith("/")) throw wrong(`${quote(path)} is not an absolute path, expected [driver@root+runroot:options]`);
  return {
    ...(driver !== undefined && { driver }),
    root,
    ...(runRoot !== undefined && { runRoot }),
    ...(options !== undefined && { options: options.split(",") }),
  };
}

function cut(text: string, separator: string): readonly [before: string, behind?: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** What stands behind the last `@` is an ID, unless it is a digest. */
function splitId(image: string, wrong: Wrong): Pick<StorageLocation, "name" | "id"> {
  const whole = tryParseImageId(image);
  if (whole !== undefined) return { id: whole };
  const at = image.lastIndexOf("@");
  if (image === "" || at === image.length - 1) throw wrong("expected the name of an image, or @ and an ID");
  const behind = image.slice(at + 1);
  if (at < 0 || (at > 0 && tryParseDigest(behind) !== undefined)) return { name: image };
  if (!/^[0-9a-f]{3,64}$/.test(behind)) throw wrong(`${quote(behind)} is neither a digest nor an ID of an image, expected 3 to 64 hexadecimal digits`);
  return { ...(at > 0 && { name: image.slice(0, at) }), id: behind };
}

/** Returns what stands behind the transport. */
export function formatStorage({ specifier, name = "", id }: Pick<StorageLocation, "specifier" | "name" | "id">): string {
  return `${specifier === undefined ? "" : formatSpecifier(specifier)}${name}${id === undefined ? "" : `@${id}`}`;
}

function formatSpecifier({ driver, root, runRoot, options }: StorageSpecifier): string {
  const parts = [
    driver === undefined ? "" : `${driver}@`,
    root,
    runRoot === undefined ? "" : `+${runRoot}`,
    options === undefined ? "" : `:${options.join(",")}`,
  ];
  return `[${parts.join("")}]`;
}

/** Tells whether a location can say `specifier`: the characters that part it cannot stand in a path. */
export function canFormatSpecifier({ driver, root, runRoot = "", options = [] }: StorageSpecifier): boolean {
  return !/[\]+:]/.test(root + runRoot) && (driver !== undefined || !root.includes("@")) && !options.some((option) => /[\],]/.test(option));
}
