import { OciError, quote } from "../base/mod.ts";
import { formatReference, parseReference, type Reference } from "./reference.ts";

/** In a registry: `docker://domain/repository[:tag][@digest]`. */
export interface DockerLocation {
  readonly transport: "docker";
  /** What is named, completed; without tag and digest `latest` is meant. */
  readonly reference: Reference;
}

/** In an OCI layout: `oci:DIR[:reference]` or `oci:DIR@index`; an archive is the same in one file. */
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

/** Somewhere this library knows of and cannot read. */
export interface OtherLocation {
  readonly transport: "docker-archive" | "containers-storage" | "docker-daemon" | "tarball";
  /** What stands behind the transport. */
  readonly rest: string;
}

/** A place an image lives, `transport:rest` as in containers-transports(5). */
export type Location = DockerLocation | OciLocation | DirLocation | OtherLocation;

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
  return { transport, rest };
}

/** Splits at the first colon (a drive letter's does not count), else at a final `@` and digits. */
function parseOci(transport: "oci" | "oci-archive", rest: string, wrong: (seen: string) => OciError): OciLocation {
  const drive = /^[A-Za-z]:[\\/]/.test(rest) ? 2 : 0;
  const colon = rest.indexOf(":", drive);
  if (colon >= 0) {
    const [path, reference] = [rest.slice(0, colon), rest.slice(colon + 1)];
    if (path === "") throw wrong("the path is empty");
    if (reference === "") return { transport, path };
    if (!isLayoutReference(reference)) throw wrong(`${quote(reference)} is not a reference of a layout`);
    return { transport, path, reference };
  }
  const match = /^(.+)@(\d{1,9})$/.exec(rest);
  return match?.[1] === undefined ? { transport, path: rest } : { transport, path: match[1], position: Number(match[2]) };
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
    case "oci-archive": {
      return `${location.transport}:${location.path}${formatOciSuffix(location)}`;
    }
    default:
      return `${location.transport}:${location.rest}`;
  }
}

function formatOciSuffix({ path, reference, position }: OciLocation): string {
  if (reference !== undefined) return `:${reference}`;
  if (position !== undefined) return `@${position}`;
  return looksPositioned(path) ? ":" : "";
}

/** Tells whether `path` would be read as a path and a position; a colon behind it says that it is a path. */
function looksPositioned(path: string): boolean {
  return /.@\d{1,9}$/.test(path);
}
