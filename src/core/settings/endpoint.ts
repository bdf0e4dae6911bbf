import { OciError, quote } from "../base/mod.ts";
import { parseReference, type Reference } from "../spec/mod.ts";
import type { Mirror, RegistriesConf, RegistryEntry } from "./registries-conf.ts";

/** One way to what a name means. */
export interface Endpoint {
  /** What to ask for there. */
  readonly reference: Reference;
  /** Whether certificates need not be valid, and plain http will do. */
  readonly isInsecure: boolean;
  /** What it is to answer for, where it stands for several registries. */
  readonly namespace?: string;
  /** Whether this is another registry than the one that was named, to which the credentials given for that do not go. */
  readonly isElsewhere: boolean;
  /** Why it must not be asked. */
  readonly refusal?: OciError;
}

/** Returns the ways to read `reference`, the one to try first first and the registry itself last. @throws {OciError} `INVALID` for a settled place that gives no name */
export function readingEndpoints(conf: RegistriesConf, reference: Reference): readonly Endpoint[] {
  const entry = findEntry(conf, reference);
  if (entry === undefined) return [{ reference, isInsecure: false, isElsewhere: false }];
  const mirrors = entry.mirrors.filter(({ pulls }) => pulls === "all" || (pulls === "digest-only") === (reference.digest !== undefined));
  return [...mirrors.map((mirror) => endpointAt(conf, { reference, entry, mirror })), endpointAt(conf, { reference, entry })];
}

/** Returns the way to write `reference`: the registry that it names, whatever is settled for reading. */
export function writingEndpoint(conf: RegistriesConf, reference: Reference): Endpoint {
  const entry = findEntry(conf, reference);
  const refusal = refusalOf(entry, reference);
  return { reference, isInsecure: entry?.isInsecure === true, isElsewhere: false, ...(refusal && { refusal }) };
}

interface Placing {
  readonly reference: Reference;
  readonly entry: RegistryEntry;
  readonly mirror?: Mirror;
}

function endpointAt(conf: RegistriesConf, { reference, entry, mirror }: Placing): Endpoint {
  const { location, isInsecure, namespace } = mirror ?? entry;
  const placed = rewrite(reference, entry, location);
  // A registry that is blocked may still be read from its mirrors, which is how clusters cut off the outside are settled.
  const refusal = (mirror ? undefined : refusalOf(entry, reference)) ?? refusalOf(findEntry(conf, placed), placed);
  return {
    reference: placed,
    isInsecure,
    ...(namespace !== undefined && { namespace }),
    isElsewhere: placed.domain !== reference.domain,
    ...(refusal && { refusal }),
  };
}

function refusalOf(entry: RegistryEntry | undefined, { domain, repository }: Reference): OciError | undefined {
  if (entry?.isBlocked !== true) return undefined;
  return new OciError("DENIED", `Cannot use ${quote(`${domain}/${repository}`)}: the registry ${quote(entry.prefix)} is blocked in ${quote(entry.file)}`);
}

/** Returns the element with the longest prefix of the name. */
function findEntry({ entries }: RegistriesConf, reference: Reference): RegistryEntry | undefined {
  const name = nameOf(reference);
  let found: RegistryEntry | undefined;
  for (const entry of entries.values()) if (matchLength(name, entry.prefix) !== undefined && entry.prefix.length > (found?.prefix.length ?? 0)) found = entry;
  return found;
}

/**
 * Returns how much of `name` the prefix stands for: whole components, and for `*.host` every host below it. A host also stands
 * for itself with a port, as in containers/image: what is blocked or insecure there is so here.
 */
function matchLength(name: string, prefix: string): number | undefined {
  if (prefix.startsWith("*.")) {
    const [host = ""] = /^[^/:]*/.exec(name) ?? [];
    return host.endsWith(prefix.slice(1)) ? host.length : undefined;
  }
  if (!name.startsWith(prefix)) return undefined;
  return name.length === prefix.length || ":/".includes(name.charAt(prefix.length)) ? prefix.length : undefined;
}

function rewrite(reference: Reference, entry: RegistryEntry, location: string | undefined): Reference {
  if (location === undefined) return reference;
  const name = nameOf(reference);
  const placed = `${location}${name.slice(matchLength(name, entry.prefix))}`;
  const { tag, digest } = reference;
  try {
    return { ...parseReference(placed), ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
  } catch (cause) {
    throw new OciError("INVALID", `Cannot use ${quote(name)}: ${quote(entry.file)} leads to ${quote(placed)}, which is no name`, { cause });
  }
}

function nameOf({ domain, repository }: Reference): string {
  return `${domain}/${repository}`;
}
