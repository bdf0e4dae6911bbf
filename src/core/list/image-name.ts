import { isOciError } from "../base/mod.ts";
import { hasDomain, hasTransport, type Location, type Platform, parseLocation, parsePlatform } from "../spec/mod.ts";

/** Operating systems of Go, so that a path which holds `=` is not taken for a platform. */
const operatingSystems = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux macos nacl netbsd openbsd plan9 solaris unknown wasip1 wasi windows zos".split(" "),
);

/** Splits `IMAGE=os/arch[/variant]`; what stands behind the last `=` counts only if it names a platform. */
export function splitPlatform(text: string): { readonly name: string; readonly platform?: Platform } {
  const at = text.lastIndexOf("=");
  const tail = text.slice(at + 1);
  if (at <= 0 || !operatingSystems.has(tail.split("/", 1)[0] ?? "") || !tail.includes("/")) return { name: text };
  return { name: text.slice(0, at), platform: parsePlatform(tail) };
}

/** Returns the domains of the registries that `names` of images or lists lead to; whatever is no such name has none. */
export function registryDomains(names: readonly string[]): readonly string[] {
  return [...new Set(names.flatMap(domainOf))];
}

function domainOf(text: string): readonly string[] {
  try {
    const { name } = splitPlatform(text);
    const location = parseLocation(hasTransport(name) ? name : `docker://${name}`);
    return location.transport === "docker" ? [location.reference.domain] : [];
  } catch (error) {
    if (isOciError(error, "INVALID")) return [];
    throw error;
  }
}

/** Tells whether `name` is an image's name without transport and host, which settings say the meaning of. */
export function isShortName(name: string): boolean {
  return !hasTransport(name) && !hasDomain(name);
}

/** Returns where an image that is no short name lives: the location as given, or the registry that the name holds. */
export function parseImageLocation(name: string): Location {
  return parseLocation(hasTransport(name) ? name : `docker://${name}`);
}
