import { OciError, quote } from "../base/mod.ts";
import { type DockerDaemonLocation, formatDaemon, parseDaemon } from "./daemon-location.ts";
import { formatReference, parseReference, type Reference, withDefaultTag } from "./reference.ts";
import { formatStorage, parseStorage, type StorageLocation } from "./storage-location.ts";

/** In a registry: `docker://domain/repository[:tag][@digest]`. */
export interface DockerLocation {
  readonly transport: "docker";
  /** What is named, completed; without tag and digest `latest` is meant. */
  readonly reference: Reference;
}

/** In an OCI layout: `oci:DIR[:reference]` or `oci:DIR:@index`, also without the colon before the `@`; an archive is the same in one file. */
export interface OciLocation {
  readonly transport: "oci" | "oci-archive";
  /** Directory, or archive file. */
  readonly path: string;
  /** Value of `org.opencontainers.image.ref.name` in the layout's `index.json`. */
  readonly reference?: string;
  /** Place in the layout's `index.json`, from 0. */
  readonly position?: number;
}

/** In a directory as skopeo writes it: `dir:DIR`. */
export interface DirLocation {
  readonly transport: "dir";
  /** The directory. */
  readonly path: string;
}

/** In an archive as `docker save` writes it: `docker-archive:FILE[:reference]` or `docker-archive:FILE:@index`. */
export interface DockerArchiveLocation {
  readonly transport: "docker-archive";
  /** The archive. */
  readonly path: string;
  /** Name and tag of an image in it. */
  readonly reference?: Reference;
  /** Place in the archive's `manifest.json`, from 0. */
  readonly position?: number;
}

/** Somewhere this library knows of and cannot read. */
export interface OtherLocation {
  readonly transport: "tarball";
  /** What stands behind the transport. */
  readonly rest: string;
}

/** A place an image lives, `transport:rest` as in containers-transports(5). */
export type Location = DockerLocation | OciLocation | DirLocation | DockerArchiveLocation | DockerDaemonLocation | StorageLocation | OtherLocation;

const transports = ["docker", "oci", "oci-archive", "dir", "docker-archive", "containers-storage", "docker-daemon", "tarball"] as const;

/** Tells whether `text` begins with the name of a transport and a colon. */
export function hasTransport(text: string): boolean {
  return transports.some((transport) => text.startsWith(`${transport}:`));
}

/** Returns the place that `text` names. @throws {OciError} `INVALID` that names the transports */
export function parseLocation(text: string): Location {
  const colon = text.indexOf(":");
  const transport = transports.find((name) => name === text.slice(0, colon));
  if (transport === undefined) {
    throw new OciError("INVALID", `Cannot read location ${quote(text)}: expected transport:rest with one of ${transports.join(", ")}`);
  }
  const rest = text.slice(colon + 1);
  const wrong = (seen: string) => new OciError("INVALID", `Cannot read location ${quote(text)}: ${seen}`);
  if (rest.includes("\0")) throw wrong("it holds a NUL character");
  if (transport === "docker") {
    if (!rest.startsWith("//")) throw wrong("expected docker://host/name");
    return { transport, reference: parseReference(rest.slice(2)) };
  }
  if (rest === "") throw wrong("nothing stands behind the transport");
  if (transport === "dir") return { transport, path: rest };
  if (transport === "oci" || transport === "oci-archive") return parseOci(transport, rest, wrong);
  if (transport === "docker-archive") return parseDockerArchive(rest, wrong);
  if (transport === "docker-daemon") return parseDaemon(rest, wrong);
  if (transport === "containers-storage") return parseStorage(rest, wrong);
  return { transport, rest };
}

/** Splits at the first colon (a drive letter's does not count), else at a final `@` and digits. */
function parseOci(transport: "oci" | "oci-archive", rest: string, wrong: (seen: string) => OciError): OciLocation {
  const { path, name } = splitPath(rest, wrong);
  if (name !== undefined) {
    const position = parsePosition(name);
    if (name === "" || position !== undefined) return { transport, path, ...(position !== undefined && { position }) };
    if (!isLayoutReference(name)) throw wrong(`${quote(name)} is not a reference of a layout`);
    return { transport, path, reference: name };
  }
  const match = /^(.+)@(\d{1,9})$/.exec(rest);
  return match?.[1] === undefined ? { transport, path: rest } : { transport, path: match[1], position: Number(match[2]) };
}

/** A tag is what `docker load` knows an image by; without one `latest` is meant. */
function parseDockerArchive(rest: string, wrong: (seen: string) => OciError): DockerArchiveLocation {
  const transport = "docker-archive";
  const { path, name = "" } = splitPath(rest, wrong);
  const position = parsePosition(name);
  if (name === "" || position !== undefined) return { transport, path, ...(position !== undefined && { position }) };
  const reference = withDefaultTag(parseReference(name));
  if (reference.digest !== undefined) throw wrong("an image in such an archive has a tag and no digest");
  return { transport, path, reference };
}

/** A drive letter's colon does not count. */
function splitPath(rest: string, wrong: (seen: string) => OciError): { readonly path: string; readonly name?: string } {
  const colon = rest.indexOf(":", /^[A-Za-z]:[\\/]/.test(rest) ? 2 : 0);
  if (colon < 0) return { path: rest };
  if (colon === 0) throw wrong("the path is empty");
  return { path: rest.slice(0, colon), name: rest.slice(colon + 1) };
}

function parsePosition(name: string): number | undefined {
  return /^@\d{1,9}$/.test(name) ? Number(name.slice(1)) : undefined;
}

/** Returns `text` if it can name an entry of a layout. @throws {OciError} `INVALID` */
export function parseLayoutReference(text: string): string {
  if (isLayoutReference(text)) return text;
  throw new OciError(
    "INVALID",
    `Cannot use ${quote(text)} as a name in a layout: expected letters and digits, with ".", "_", "-", ":", "@", "+" and "/" between them`,
  );
}

/** Grammar of `org.opencontainers.image.ref.name` (image-spec annotations.md): alphanumeric runs joined by one or more separators. */
function isLayoutReference(text: string): boolean {
  if (text.length > 1024) return false;
  return text.split("/").every((component) => /^[A-Za-z0-9]/.test(component) && /[A-Za-z0-9]$/.test(component) && /^[A-Za-z0-9._:@+-]+$/.test(component));
}

/** Returns `transport:rest`. */
export function formatLocation(location: Location): string {
  switch (location.transport) {
    case "docker":
      return `docker://${formatReference(location.reference)}`;
    case "dir":
      return `dir:${location.path}`;
    case "oci":
    case "oci-archive":
      return `${location.transport}:${location.path}${formatOciSuffix(location)}`;
    case "docker-archive":
      return `${location.transport}:${location.path}${formatDockerSuffix(location)}`;
    case "docker-daemon":
      return `${location.transport}:${formatDaemon(location)}`;
    case "containers-storage":
      return `${location.transport}:${formatStorage(location)}`;
    default:
      return `${location.transport}:${location.rest}`;
  }
}

function formatOciSuffix({ path, reference, position }: OciLocation): string {
  if (reference !== undefined) return `:${reference}`;
  if (position !== undefined) return `:@${position}`;
  return looksPositioned(path) ? ":" : "";
}

function formatDockerSuffix({ reference, position }: DockerArchiveLocation): string {
  if (reference !== undefined) return `:${formatReference(reference)}`;
  return position === undefined ? "" : `:@${position}`;
}

/** Tells whether `path` would be read as a path and a position; a colon behind it says that it is a path. */
function looksPositioned(path: string): boolean {
  return /.@\d{1,9}$/.test(path);
}
