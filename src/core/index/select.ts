import { type Descriptor, type ImageIndex, isDockerMediaType, type Platform } from "../spec/mod.ts";
import { isAttestation } from "./attestation.ts";
import { isZstdEntry } from "./variant.ts";

/** What an instance is chosen by; what is left out is the host's, or where that is not given, anything. */
export type WantedPlatform = { readonly [K in "os" | "architecture" | "variant" | "os.version"]?: Platform[K] | undefined };

/**
 * Returns the entry of `index` for `platform`, or undefined where there is none; attestations are never chosen. The choice
 * is the one of containers/image: a variant first, then the older ones it can run, then none; in an OCI index zstd before
 * others, and an entry without platform when nothing else fits. When neither operating system nor architecture is asked for,
 * the only image of an index is taken whatever it runs on.
 * @example Choose for an ARM machine
 * ```ts
 * import assert from "node:assert/strict";
 * import { createIndex, selectPlatform } from "ocidex/index";
 * import { emptyDescriptor } from "ocidex/spec";
 *
 * const manifests = ["v6", "v7"].map((variant) => ({ ...emptyDescriptor, platform: { os: "linux", architecture: "arm", variant } }));
 * const index = createIndex({ manifests });
 * assert.equal(selectPlatform(index, { os: "linux", architecture: "arm", variant: "v8" }), manifests[1]);
 * assert.equal(selectPlatform(index, { os: "linux", architecture: "amd64" }), undefined);
 * ```
 */
export function selectPlatform(index: ImageIndex, platform: WantedPlatform, hostPlatform: WantedPlatform = {}): Descriptor | undefined {
  const images = index.manifests.filter((entry) => !isAttestation(entry));
  const asked = Boolean(platform.os ?? platform.architecture);
  if (!asked && images.length === 1) return images[0];
  const os = platform.os ?? hostPlatform.os;
  const architecture = platform.architecture ?? hostPlatform.architecture;
  const variant = platform.variant ?? (platform.architecture === undefined ? hostPlatform.variant : undefined);
  const version = platform["os.version"];
  const fitting = images.filter(({ platform: actual }) => {
    if (actual === undefined) return false;
    if (os !== undefined && actual.os !== os) return false;
    if (architecture !== undefined && actual.architecture !== architecture) return false;
    return version === undefined || actual["os.version"] === version;
  });
  const docker = isDockerMediaType(index.mediaType);
  for (const candidate of variantsFor(architecture, variant)) {
    const same = fitting.filter((entry) => candidate === undefined || (entry.platform?.variant ?? "") === candidate);
    const best = docker ? same[0] : (same.find(isZstdEntry) ?? same[0]);
    if (best) return best;
  }
  return docker ? undefined : images.find((entry) => entry.platform === undefined);
}

/** Variants from the newest, as in containers/image `internal/pkg/platform/platform_matcher.go`. */
const variants: Readonly<Record<string, readonly string[]>> = { arm: ["v8", "v7", "v6", "v5"], arm64: ["v8"] };

/** Returns the variants to look for in order; undefined stands for any. */
function variantsFor(architecture: string | undefined, variant: string | undefined): readonly (string | undefined)[] {
  if (architecture === undefined) return [variant];
  const known = Object.hasOwn(variants, architecture) ? (variants[architecture] ?? []) : [];
  if (variant === undefined || variant === "") return ["", ...known];
  const at = known.indexOf(variant);
  return at < 0 ? [variant, ""] : [...known.slice(at), ""];
}
