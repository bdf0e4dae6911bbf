import * as v from "valibot";
import { parseJson } from "../base/mod.ts";
import { type Digest, DigestSchema } from "./digest.ts";
import type { Platform } from "./platform.ts";

const text = v.optional(v.nullable(v.string()));

const ImageConfigSchema = v.object({
  architecture: text,
  os: text,
  variant: text,
  "os.version": text,
  "os.features": v.optional(v.nullable(v.array(v.string()))),
});

/**
 * Returns the platform that the bytes of an image config record, or undefined where they name neither an operating system
 * nor an architecture (image-spec config.md). @throws {OciError} `INVALID`
 */
export function parseConfigPlatform(bytes: Uint8Array, what = "image config"): Platform | undefined {
  const config = parseJson(ImageConfigSchema, bytes, what);
  if (!config.os && !config.architecture) return undefined;
  const features = config["os.features"];
  return {
    architecture: config.architecture ?? "",
    os: config.os ?? "",
    ...(config["os.version"] && { "os.version": config["os.version"] }),
    ...(features && features.length > 0 && { "os.features": features }),
    ...(config.variant && { variant: config.variant }),
  };
}

const RootFileSystemSchema = v.object({ rootfs: v.nullish(v.object({ diff_ids: v.nullish(v.array(DigestSchema)) })) });

/**
 * Returns the digests of an image's layers without their compression, base first, as the bytes of its config name them
 * (image-spec config.md, `rootfs.diff_ids`); none where they name none. @throws {OciError} `INVALID`
 */
export function parseDiffIds(bytes: Uint8Array, what = "image config"): readonly Digest[] {
  return parseJson(RootFileSystemSchema, bytes, what).rootfs?.diff_ids ?? [];
}
