import { OciError, quote } from "../base/mod.ts";
import { type Digest, tryParseDigest } from "./digest.ts";

/** Names something in a registry: `domain/repository[:tag][@digest]`. */
export interface Reference {
  /** Host and optional port as the user means them: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Path of the repository, for example `library/busybox`. */
  readonly repository: string;
  /** Tag, at most 128 characters. */
  readonly tag?: string;
  /** Digest; where tag and digest stand together the digest decides what is read. */
  readonly digest?: Digest;
}

const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const domainGrammar = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)(?::[0-9]{1,5})?$/;
const maximumNameLength = 255;

/** Tells whether `text` is a tag (distribution-spec "Pulling manifests"). */
export function isTag(text: string): boolean {
  return tagGrammar.test(text);
}

/** Returns `text` as a tag. @throws {OciError} `INVALID` */
export function parseTag(text: string): string {
  if (isTag(text)) return text;
  throw new OciError("INVALID", `Cannot use tag ${quote(text)}: expected up to 128 letters, digits, ".", "_" and "-", the first of them no "." or "-"`);
}

/**
 * Returns the reference that `text` names, completed as every container tool does: no domain means `docker.io`, and one
 * path component there lies in `library/`. No tag and no digest stay absent.
 * @throws {OciError} `INVALID`
 */
export function parseReference(text: string): Reference {
  const wrong = (seen: string) => new OciError("INVALID", `Cannot read image name ${quote(text)}: ${seen}${meant(text)}`);
  if (text.length > maximumNameLength + 1 + 128 + 1 + 256) throw wrong("it is too long");
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : tryParseDigest(text.slice(at + 1));
  if (at >= 0 && digest === undefined) throw wrong("what stands behind @ is not a digest");
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/") && !named.endsWith("]");
  const tag = tagged ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) throw wrong(`${quote(tag)} is not a tag`);
  const name = tagged ? named.slice(0, colon) : named;
  const { domain, repository } = splitDomain(name);
  if (!domainGrammar.test(domain) || !isHost(domain)) throw wrong(`${quote(domain)} is not a host name`);
  const fault = findRepositoryFault(repository);
  if (fault !== undefined) throw wrong(fault);
  if (domain.length + 1 + repository.length > maximumNameLength) throw wrong(`the name is longer than ${maximumNameLength} characters`);
  return { domain, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/** What else a text that is no image name may have been meant for. */
function meant(text: string): string {
  const [, scheme, rest = ""] = /^(https?):\/\/([^?#]*)/.exec(text) ?? [];
  if (scheme !== undefined) return `, a registry has no scheme here, expected ${quote(`docker://${rest}`)}`;
  if (/^(?:\.{0,2}|~)[/\\]|^[A-Za-z]:[/\\]/.test(text)) return `, expected ${quote(`oci:${text}`)} or ${quote(`dir:${text}`)} for a directory`;
  return "";
}

/** Tells whether a URL has `domain` for its host as it stands: its parser refuses some names, and takes `0x7f.1` for 127.0.0.1. */
function isHost(domain: string): boolean {
  if (!URL.canParse(`https://${domain}/`)) return false;
  const { hostname } = new URL(`https://${domain}/`);
  return domain.startsWith("[") || domain.toLowerCase().split(":", 1)[0] === hostname;
}

/** Tells whether the first component of `name` is a host: it holds a dot or colon, is `localhost`, or has capital letters. */
export function hasDomain(name: string): boolean {
  const slash = name.indexOf("/");
  const first = name.slice(0, slash);
  return slash > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
}

function splitDomain(name: string): { domain: string; repository: string } {
  const slash = name.indexOf("/");
  if (!hasDomain(name)) return { domain: "docker.io", repository: slash < 0 ? `library/${name}` : name };
  const first = name.slice(0, slash);
  const domain = first === "index.docker.io" ? "docker.io" : first;
  const rest = name.slice(slash + 1);
  return { domain, repository: domain === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest };
}

/** Reads the repository character by character: the pattern in the specification is exponential for a backtracking engine. */
function findRepositoryFault(repository: string): string | undefined {
  if (repository !== repository.toLowerCase()) return "the repository name must be lower case";
  for (const component of repository.split("/")) {
    if (component === "") return "a component of the name is empty";
    const separators = component.split(/[a-z0-9]+/);
    if (separators[0] !== "" || separators.at(-1) !== "") return `${quote(component)} must begin and end with a letter or digit`;
    if (!separators.slice(1, -1).every(isSeparator)) return `${quote(component)} holds characters a name cannot have`;
  }
  return undefined;
}

function isSeparator(text: string): boolean {
  return text === "." || text === "_" || text === "__" || /^-+$/.test(text);
}

/** Returns `domain/repository[:tag][@digest]`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${reference.domain}/${reference.repository}${tag}${digest}`;
}

/** Returns `reference` as docker writes it, without `docker.io/` and `library/` wherever the name means the same without them. */
export function formatFamiliar(reference: Reference): string {
  const whole = formatReference(reference);
  const { domain, repository } = reference;
  if (domain !== "docker.io") return whole;
  const short = repository.replace(/^library\/(?=[^/]*$)/, "");
  return hasDomain(short) ? whole : `${short}${whole.slice(domain.length + 1 + repository.length)}`;
}

/** Returns `reference` with the tag `latest` where it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

/** Returns `reference` pinned to `digest`, without tag. */
export function withDigest(reference: Reference, digest: Digest): Reference {
  return { domain: reference.domain, repository: reference.repository, digest };
}
