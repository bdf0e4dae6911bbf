import * as v from "valibot";
import { type EntriesOf, OciError, quote, type RawMember } from "../base/mod.ts";

/** What an image runs on (image-spec image-index.md, "platform"). Members have their names in JSON. */
export interface Platform {
  /** CPU architecture in Go's words (`GOARCH`): `amd64`, `arm64`, `arm`, … */
  readonly architecture: string;
  /** Operating system in Go's words (`GOOS`): `linux`, `windows`, … */
  readonly os: string;
  /** Version of the operating system, in practice of Windows. */
  readonly "os.version"?: string;
  /** Features the operating system must have. */
  readonly "os.features"?: readonly string[];
  /** Variant of the CPU: `v7`, `v8`, … */
  readonly variant?: string;
  /** CPU features; docker manifest lists only, reserved in OCI. */
  readonly features?: readonly string[];
  /** Members the specification does not name, as written. */
  readonly unknown?: readonly RawMember[];
}

const entries = {
  architecture: v.string(),
  os: v.string(),
  "os.version": v.exactOptional(v.string()),
  "os.features": v.exactOptional(v.array(v.string())),
  variant: v.exactOptional(v.string()),
  features: v.exactOptional(v.array(v.string())),
} satisfies Omit<EntriesOf<Platform>, "unknown">;

/** Checks a platform from outside. */
export const PlatformSchema: v.GenericSchema<unknown, Platform> = v.object(entries);
/** Names of the members of a platform that the specifications name. */
export const platformMembers: readonly string[] = Object.keys(entries);

const osAliases: Readonly<Record<string, string>> = { macos: "darwin" };
const architectureAliases: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  i386: ["386"],
  x86_64: ["amd64"],
  "x86-64": ["amd64"],
  aarch64: ["arm64"],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
};

/**
 * Returns `platform` in the words the specification uses, as containerd's `platforms.Normalize` does: lower case, `x86_64`
 * is `amd64`, `aarch64` is `arm64`, `armhf` is `arm/v7`, the default variants `arm64/v8` and `amd64/v1` are left out, `arm` alone is `arm/v7`.
 */
export function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const alias = Object.hasOwn(architectureAliases, given) ? architectureAliases[given] : undefined;
  const architecture = alias?.[0] ?? given;
  const variant = normaliseVariant(architecture, alias?.[1] ?? platform.variant?.toLowerCase() ?? "");
  const { variant: _, ...rest } = platform;
  return { ...rest, os: (Object.hasOwn(osAliases, os) ? osAliases[os] : undefined) ?? os, architecture, ...(variant !== "" && { variant }) };
}

function normaliseVariant(architecture: string, variant: string): string {
  if (architecture === "arm64") return variant === "8" || variant === "v8" ? "" : variant;
  if (architecture === "amd64") return variant === "v1" ? "" : variant;
  if (architecture !== "arm") return variant;
  if (variant === "") return "v7";
  return /^[5-8]$/.test(variant) ? `v${variant}` : variant;
}

const part = /^[A-Za-z0-9_.-]+$/;
const maximumLength = 255;

/**
 * Returns the platform that `os/arch[/variant][:os.version]` names, normalised; a colon or a bracketed `(version)` behind the
 * operating system, as containerd writes it, is understood too.
 * @throws {OciError} `INVALID`
 */
export function parsePlatform(text: string): Platform {
  const wrong = () => new OciError("INVALID", `Cannot read platform ${quote(text)}: expected os/arch[/variant][:os.version], for example linux/arm64/v8`);
  if (text.length > maximumLength) throw wrong();
  const inner = /^([^/()]+)\(([^()/]+)\)(\/.*)$/.exec(text);
  const colon = inner ? -1 : text.indexOf(":");
  const path = inner ? `${inner[1]}${inner[3]}` : colon < 0 ? text : text.slice(0, colon);
  const version = inner ? inner[2] : colon < 0 ? undefined : text.slice(colon + 1);
  const [os, architecture, variant, ...more] = path.split("/");
  if (os === undefined || architecture === undefined || more.length > 0) throw wrong();
  if (![os, architecture, variant ?? "x", version ?? "x"].every((piece) => part.test(piece))) throw wrong();
  return normalisePlatform({ os, architecture, ...(variant !== undefined && { variant }), ...(version !== undefined && { "os.version": version }) });
}

/** Returns `os/arch[/variant][:os.version]`. */
export function formatPlatform(platform: Platform): string {
  const path = [platform.os, platform.architecture, platform.variant].filter((piece) => piece !== undefined && piece !== "").join("/");
  const version = platform["os.version"];
  return version === undefined || version === "" ? path : `${path}:${version}`;
}

/** Tells whether `actual` is the platform `wanted` names: a variant or version that `wanted` leaves out may be anything. */
export function matchesPlatform(actual: Platform | undefined, wanted: Platform): boolean {
  if (actual === undefined) return false;
  const [a, w] = [normalisePlatform(actual), normalisePlatform(wanted)];
  if (a.os !== w.os || a.architecture !== w.architecture) return false;
  if (wanted.variant !== undefined && (a.variant ?? "") !== (w.variant ?? "")) return false;
  return w["os.version"] === undefined || a["os.version"] === w["os.version"];
}
