import { type Bytes, compareUtf8, encodeUtf8, type RawMember } from "../base/mod.ts";
import type { Annotations } from "./annotation.ts";
import type { Descriptor } from "./descriptor.ts";
import type { ImageIndex } from "./image-index.ts";
import type { ImageManifest } from "./image-manifest.ts";
import { isDockerMediaType } from "./media-type.ts";
import type { Platform } from "./platform.ts";

/** Returns the bytes of `index` as Go's encoder writes them, so that the same index has the same digest here and in buildah. */
export function encodeImageIndex(index: ImageIndex): Bytes {
  const descriptor = isDockerMediaType(index.mediaType) ? dockerDescriptor : ociDescriptor;
  return encodeUtf8(
    object(
      [
        ["schemaVersion", String(index.schemaVersion)],
        ["mediaType", string(index.mediaType)],
        ["artifactType", optional(index.artifactType, string)],
        ["manifests", array(index.manifests, descriptor)],
        ["subject", optional(index.subject, ociDescriptor)],
        ["annotations", optional(index.annotations, annotations)],
      ],
      index.unknown,
    ),
  );
}

/** Returns the bytes of `manifest` as Go's encoder writes them. */
export function encodeImageManifest(manifest: ImageManifest): Bytes {
  const descriptor = isDockerMediaType(manifest.mediaType) ? dockerDescriptor : ociDescriptor;
  return encodeUtf8(
    object(
      [
        ["schemaVersion", String(manifest.schemaVersion)],
        ["mediaType", string(manifest.mediaType)],
        ["artifactType", optional(manifest.artifactType, string)],
        ["config", descriptor(manifest.config)],
        ["layers", array(manifest.layers, descriptor)],
        ["subject", optional(manifest.subject, ociDescriptor)],
        ["annotations", optional(manifest.annotations, annotations)],
      ],
      manifest.unknown,
    ),
  );
}

type Member = readonly [name: string, json: string | undefined];

function object(members: readonly Member[], unknown: readonly RawMember[] = []): string {
  const parts = [...members, ...unknown].flatMap(([name, json]) => (json === undefined ? [] : [`${string(name)}:${json}`]));
  return `{${parts.join(",")}}`;
}

function array<T>(items: readonly T[], encode: (item: T) => string): string {
  return `[${items.map(encode).join(",")}]`;
}

function optional<T>(value: T | undefined, encode: (value: T) => string): string | undefined {
  return value === undefined ? undefined : encode(value);
}

/** Go's encoder also escapes what could end a script element, and the two line separators of JavaScript. */
function string(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function strings(texts: readonly string[]): string {
  return array(texts, string);
}

function annotations(map: Annotations): string {
  return object(
    Object.keys(map)
      .sort(compareUtf8)
      .map((key) => [key, string(map[key] ?? "")]),
  );
}

/** Order of the Go struct in image-spec `specs-go/v1/descriptor.go`. */
function ociDescriptor(value: Descriptor): string {
  return object(
    [
      ["mediaType", string(value.mediaType)],
      ["digest", string(value.digest)],
      ["size", String(value.size)],
      ["urls", optional(value.urls, strings)],
      ["annotations", optional(value.annotations, annotations)],
      ["data", optional(value.data, string)],
      ["platform", optional(value.platform, platform)],
      ["artifactType", optional(value.artifactType, string)],
    ],
    value.unknown,
  );
}

/** Order of the Go structs in containers/image `manifest/docker_schema2_list.go`; members docker does not know come after. */
function dockerDescriptor(value: Descriptor): string {
  return object(
    [
      ["mediaType", string(value.mediaType)],
      ["size", String(value.size)],
      ["digest", string(value.digest)],
      ["urls", optional(value.urls, strings)],
      ["platform", optional(value.platform, platform)],
      ["annotations", optional(value.annotations, annotations)],
      ["data", optional(value.data, string)],
      ["artifactType", optional(value.artifactType, string)],
    ],
    value.unknown,
  );
}

function platform(value: Platform): string {
  return object(
    [
      ["architecture", string(value.architecture)],
      ["os", string(value.os)],
      ["os.version", optional(value["os.version"], string)],
      ["os.features", optional(value["os.features"], strings)],
      ["variant", optional(value.variant, string)],
      ["features", optional(value.features, strings)],
    ],
    value.unknown,
  );
}
