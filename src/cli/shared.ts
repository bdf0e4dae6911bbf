import { type Platform, parsePlatform } from "../core/spec/mod.ts";
import { type Args, type Flag, usageError } from "./flags.ts";

const access = "Registry access";

/** Flags of every verb that can reach a registry. */
export const accessFlags: readonly Flag[] = [
  { name: "authfile", type: "text", value: "FILE", description: "read credentials from FILE and nowhere else", group: access },
  {
    name: "creds",
    type: "text",
    value: "USER:PASSWORD",
    description: "credentials for the registry of LIST or DEST, else for those of the images",
    group: access,
  },
  { name: "cert-dir", type: "text", value: "DIR", description: "certificates and keys for the registry (default its directory in certs.d)", group: access },
  {
    name: "tls-verify",
    type: "flag",
    default: true,
    description: "require https and a valid certificate (default unless registries.conf says insecure)",
    group: access,
  },
  { name: "timeout", type: "duration", value: "TIME", description: "give up when it takes longer than this altogether, for example 90s or 10m", group: access },
  { name: "no-cache", type: "flag", description: "neither use nor keep what earlier runs have read from registries", group: access },
  { name: "insecure", type: "flag", description: "the same as --tls-verify=false", hidden: true, excludes: ["tls-verify"] },
];

const platform = "Platform";

/** Flags that choose from an index, or state what is recorded. */
export const platformFlags: readonly Flag[] = [
  { name: "os", type: "text", value: "OS", aliases: ["override-os"], description: "operating system", group: platform },
  { name: "arch", type: "text", value: "ARCH", aliases: ["override-arch"], description: "CPU architecture", group: platform },
  { name: "variant", type: "text", value: "VARIANT", description: "variant of the CPU", group: platform },
  { name: "os-version", type: "text", value: "VERSION", description: "version of the operating system", group: platform },
  { name: "features", type: "list", value: "LIST", description: "CPU features, separated by commas (docker lists only)", group: platform },
  { name: "os-features", type: "list", value: "LIST", description: "features of the operating system, separated by commas", group: platform },
];

/** Flags of {@linkcode platformFlags} that `create` takes. */
export const selectionFlags: readonly Flag[] = platformFlags.filter((flag) => flag.name === "os" || flag.name === "arch");

/** The platform to take from an index; it never overrides. */
export const platformFlag: Flag = {
  name: "platform",
  type: "texts",
  value: "OS/ARCH[/VARIANT]",
  description: "take this platform from an index, out of indexes in it too (up to 10 levels), or insist on it",
  group: platform,
};

/** Returns the flag `--annotation`, whose values stay whole. */
export function annotationFlag(description: string): Flag {
  const levels = "index:, manifest-descriptor[os/arch]: or manifest[os/arch]: before KEY chooses another level";
  return { name: "annotation", type: "texts", value: "KEY=VALUE", description: `${description}; ${levels}` };
}

/** Annotations kept in a file. */
export const annotationFileFlag: Flag = {
  name: "annotation-file",
  type: "texts",
  value: "FILE",
  description: "annotations from FILE: lines KEY=VALUE, or JSON",
};

/** The format of the list. */
export const formatFlag: Flag = {
  name: "format",
  type: "text",
  value: "oci|v2s2|docker",
  choices: ["oci", "v2s2", "docker"],
  description: "type of the list: OCI image index, or docker manifest list",
};

/** The result as JSON. */
export const jsonFlag: Flag = { name: "json", type: "flag", description: "print one JSON object" };

/** Returns flags declared with names only: what is known and does not work yet. */
export function laterFlags(type: Flag["type"], notYet: string, names: readonly string[]): readonly Flag[] {
  return names.map((name) => ({ name, type, description: notYet, notYet }));
}

/** What the flags of {@linkcode accessFlags} say. */
export interface Access {
  /** `user:password`. */
  readonly credentials?: string;
  /** The only file to read credentials from. */
  readonly authFile?: string;
  /** Directory of certificates and keys. */
  readonly certificateDirectory?: string;
  /** Whether TLS is required; absent when nobody said. */
  readonly verifyTls?: boolean;
  /** Milliseconds that everything may take; absent for any time. */
  readonly timeout?: number;
}

/** Returns what `args` say about reaching a registry. */
export function readAccess(args: Args): Access {
  const [credentials, authFile] = [args.text("creds"), args.text("authfile")];
  return {
    ...(credentials !== undefined && { credentials }),
    ...(authFile !== undefined && { authFile }),
    ...readTrust(args),
  };
}

/** Returns what `args` say about trusting a registry, and how long to wait for it. */
export function readTrust(args: Args): Pick<Access, "certificateDirectory" | "verifyTls" | "timeout"> {
  const [certificateDirectory, timeout] = [args.text("cert-dir"), args.duration("timeout")];
  if (timeout === 0) throw usageError('invalid argument "0" for "--timeout" flag: expected more than 0');
  const verifyTls = args.has("insecure") ? !args.flag("insecure") : args.has("tls-verify") ? args.flag("tls-verify") : undefined;
  return {
    ...(certificateDirectory !== undefined && { certificateDirectory }),
    ...(verifyTls !== undefined && { verifyTls }),
    ...(timeout !== undefined && { timeout }),
  };
}

/** Returns the members of a platform that the flags of {@linkcode platformFlags} name, as far as the verb has them. */
export function readPlatformPatch(args: Args): Partial<Platform> {
  // As in buildah an empty value changes nothing: most often a variable that is not set. `--unset` takes a field away.
  const text = (name: string): string | undefined => (args.knows(name) && args.text(name) !== "" ? args.text(name) : undefined);
  const list = (name: string): readonly string[] | undefined => (args.knows(name) && args.texts(name).length > 0 ? args.texts(name) : undefined);
  const [os, architecture, variant, version] = [text("os"), text("arch"), text("variant"), text("os-version")];
  const [osFeatures, features] = [list("os-features"), list("features")];
  return {
    ...(os !== undefined && { os }),
    ...(architecture !== undefined && { architecture }),
    ...(variant !== undefined && { variant }),
    ...(version !== undefined && { "os.version": version }),
    ...(osFeatures !== undefined && { "os.features": osFeatures }),
    ...(features !== undefined && { features }),
  };
}

/** Returns the platforms `--platform` names. @throws {OciError} `INVALID` */
export function readPlatforms(args: Args): readonly Platform[] {
  return args.texts("platform").map(parsePlatform);
}

/** Returns what `--os`, `--arch` and `--variant` select from an index and override on an image. */
export function readSelection(args: Args): { readonly os?: string; readonly architecture?: string; readonly variant?: string } {
  const { os, architecture, variant } = readPlatformPatch(args);
  return { ...(os !== undefined && { os }), ...(architecture !== undefined && { architecture }), ...(variant !== undefined && { variant }) };
}
