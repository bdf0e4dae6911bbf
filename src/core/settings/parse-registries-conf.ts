import * as v from "valibot";
import { quote } from "../base/mod.ts";
import { hasDomain, parseReference, type Reference } from "../spec/mod.ts";
import type { Alias, Mirror, PullFromMirror, RegistriesConf, RegistryEntry, ShortNameMode } from "./registries-conf.ts";
import { type Fault, parseToml } from "./toml-file.ts";

const flag = v.optional(v.boolean(), false);
const name = v.optional(v.string(), "");

const MirrorSchema = v.object({ location: name, insecure: flag, "namespace-proxy": name, "pull-from-mirror": name });
const RegistrySchema = v.object({
  ...MirrorSchema.entries,
  prefix: name,
  blocked: flag,
  "mirror-by-digest-only": flag,
  mirror: v.optional(v.array(MirrorSchema), []),
});
const FileSchema = v.object({
  registry: v.optional(v.array(RegistrySchema), []),
  registries: v.optional(v.unknown()),
  "unqualified-search-registries": v.optional(v.array(v.string())),
  "short-name-mode": name,
  "credential-helpers": v.optional(v.array(v.string())),
  aliases: v.optional(v.record(v.string(), v.string()), {}),
});
type Registry = v.InferOutput<typeof RegistrySchema>;

const modes: readonly ShortNameMode[] = ["enforcing", "permissive", "disabled"];
const pulls: readonly PullFromMirror[] = ["all", "digest-only", "tag-only"];

/** Returns what the registries.conf in `bytes` says; keys that nobody knows are left alone. @throws {OciError} `INVALID` that names file and line */
export function parseRegistriesConf(bytes: Uint8Array, file: string): RegistriesConf {
  const { value: read, fault } = parseToml({ bytes, file, about: "registries" }, FileSchema);
  if (read.registries !== undefined)
    throw fault(["registries"], "this is version 1 of the format, which is no longer read, expected [[registry]] and unqualified-search-registries");
  const domains = read["unqualified-search-registries"]?.map((domain, at) => parseSearched(domain, at, fault));
  const mode = modes.find((known) => known === read["short-name-mode"]);
  if (mode === undefined && read["short-name-mode"] !== "")
    throw fault(["short-name-mode"], `${quote(read["short-name-mode"])} is no mode, expected ${modes.join(", ")}`);
  return {
    entries: readEntries(read.registry, file, fault),
    aliases: new Map(Object.entries(read.aliases).map(([short, full]): [string, Alias] => [short, parseAlias(short, full, { file, fault })])),
    ...(domains && { search: { domains, file } }),
    ...(mode && { mode }),
    ...(read["credential-helpers"] && { keepers: read["credential-helpers"].map((helper) => ({ name: helper, file })) }),
  };
}

/** The first of several elements for one prefix counts; two for one location must agree on how to reach it. */
function readEntries(registries: readonly Registry[], file: string, fault: Fault): ReadonlyMap<string, RegistryEntry> {
  const entries = new Map<string, RegistryEntry>();
  const reached = new Map<string, RegistryEntry>();
  for (const [at, registry] of registries.entries()) {
    const entry = readEntry(registry, file, (path, seen) => fault(["registry", at, ...path], seen));
    const place = entry.location ?? entry.prefix;
    const other = reached.get(place);
    if (other && (other.isInsecure !== entry.isInsecure || other.isBlocked !== entry.isBlocked))
      throw fault(["registry", at], `${quote(place)} stands here again with another "insecure" or "blocked"`);
    reached.set(place, entry);
    if (!entries.has(entry.prefix)) entries.set(entry.prefix, entry);
  }
  return entries;
}

function readEntry(registry: Registry, file: string, fault: Fault): RegistryEntry {
  const location = parsePlace(registry.location, "location", fault);
  const prefix = parsePlace(registry.prefix, "prefix", fault) || location;
  if (prefix === "") throw fault([], "a registry has neither prefix nor location");
  const isWildcard = prefix.startsWith("*.");
  if (isWildcard && /[/@:]/.test(prefix)) throw fault(["prefix"], `${quote(prefix)} is no prefix, expected *.example.com without port and path`);
  if (location === "" && !isWildcard) throw fault(["prefix"], `the registry ${quote(prefix)} has no location, and only a prefix *.example.com needs none`);
  if (registry["pull-from-mirror"] !== "") throw fault(["pull-from-mirror"], "pull-from-mirror belongs to a mirror, not to a registry");
  return {
    prefix,
    ...(location !== "" && { location }),
    isInsecure: registry.insecure,
    ...namespaceOf(registry),
    isBlocked: registry.blocked,
    mirrors: registry.mirror.map((mirror, at) => readMirror(mirror, registry, (path, seen) => fault(["mirror", at, ...path], seen))),
    file,
  };
}

function readMirror(mirror: v.InferOutput<typeof MirrorSchema>, registry: Registry, fault: Fault): Mirror {
  const location = parsePlace(mirror.location, "location", fault);
  if (location === "") throw fault([], "a mirror has no location");
  const stated = mirror["pull-from-mirror"];
  const known = pulls.find((each) => each === stated);
  if (stated !== "" && known === undefined) throw fault(["pull-from-mirror"], `${quote(stated)} is unknown, expected ${pulls.join(", ")}`);
  if (stated !== "" && registry["mirror-by-digest-only"])
    throw fault(["pull-from-mirror"], "pull-from-mirror and the registry's mirror-by-digest-only exclude each other");
  const allowed = registry["mirror-by-digest-only"] ? "digest-only" : (known ?? "all");
  return { location, isInsecure: mirror.insecure, ...namespaceOf(mirror), pulls: allowed };
}

function namespaceOf({ "namespace-proxy": namespace }: v.InferOutput<typeof MirrorSchema>): Pick<Mirror, "namespace"> {
  return namespace === "" ? {} : { namespace };
}

function parsePlace(text: string, key: string, fault: Fault): string {
  const place = text.replace(/\/+$/, "");
  if (/^https?:\/\//.test(place)) throw fault([key], `${quote(place)} has a scheme, expected a host, or a host and path`);
  return place;
}

function parseSearched(text: string, at: number, fault: Fault): string {
  const domain = text.replace(/\/+$/, "");
  if (!domain.includes("/") && tryParse(`${domain}/name`)?.domain === domain) return domain;
  throw fault(["unqualified-search-registries", at], `${quote(text)} is no registry, expected a host with or without port`);
}

function parseAlias(short: string, full: string, { file, fault }: { readonly file: string; readonly fault: Fault }): Alias {
  const wrongAlias = (seen: string) => fault(["aliases", short], `the alias ${quote(short)} ${seen}`);
  const parsed = tryParse(short);
  if (parsed === undefined || hasDomain(short) || !isName(parsed)) throw wrongAlias("is no short name: it must have no host, tag or digest");
  if (full === "") return { name: "", file };
  const meant = hasDomain(full) ? tryParse(full) : undefined;
  if (meant === undefined || !isName(meant)) throw wrongAlias(`stands for ${quote(full)}, expected host and name without tag and digest`);
  return { name: `${meant.domain}/${meant.repository}`, file };
}

function isName({ tag, digest }: Reference): boolean {
  return tag === undefined && digest === undefined;
}

function tryParse(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
