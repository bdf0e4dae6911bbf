import { OciError, quote } from "../base/mod.ts";
import { hasDomain, parseReference } from "../spec/mod.ts";

const hubNames: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);
const hub = "docker.io";
/** What docker calls Docker Hub in its file and to helpers. */
const hubServer = "https://index.docker.io/v1/";

/** What credentials are kept for: a registry, or part of one. */
export interface RegistryKey {
  /** Name in an auth file: `ghcr.io`, `ghcr.io/me`. */
  readonly key: string;
  /** Host and optional port: `ghcr.io`, `docker.io`. */
  readonly domain: string;
  /** Path in the registry, empty for all of it: `me`. */
  readonly path: string;
}

/** Returns one name for a registry: Docker Hub has three, and old files have URLs for keys. */
export function normaliseKey(key: string): string {
  const stripped = key.replace(/^https?:\/\//, "");
  const name = stripped === key ? key : (stripped.split("/", 1)[0] ?? "");
  return hubNames.has(name) ? hub : name;
}

/** Returns how docker names a registry where nothing was named yet. */
export function dockerServer(domain: string): string {
  return normaliseKey(domain) === hub ? hubServer : domain;
}

/**
 * Returns what `text`, `HOST[:PORT][/PATH]`, names; of a URL only the host counts, as for buildah.
 * @throws {OciError} `INVALID`
 */
export function parseRegistryKey(text: string): RegistryKey {
  const wrong = (seen: string) => new OciError("INVALID", `Cannot use registry ${quote(text)}: ${seen}, expected HOST[:PORT][/NAMESPACE]`);
  const isUrl = /^https?:\/\//.test(text);
  if (isUrl && !URL.canParse(text)) throw wrong("it is not a URL");
  const name = isUrl ? new URL(text).host : text;
  const [host = "", ...components] = name.split("/");
  if (!hasDomain(`${host}/`)) throw wrong(`${quote(host)} is not a host name`);
  const { tag, digest } = parseReference(components.length === 0 ? `${host}/x` : name);
  if (tag !== undefined || digest !== undefined) throw wrong("it holds a tag or digest");
  const domain = normaliseKey(host);
  const path = components.join("/");
  return { key: path === "" ? domain : `${domain}/${path}`, domain, path };
}
