import fc from "fast-check";
import { formatBase64, type RawMember } from "../../src/core/base/mod.ts";
import { type Annotations, type Descriptor, type Digest, type ImageIndex, mediaTypes, type Platform } from "../../src/core/spec/mod.ts";

/** Text of whole code points, the odd ones often. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("", "__proto__", "constructor", "10", "9", "<a&b>", "\u2028\u2029", '"\\', "\u007f\u0001\t\n", "\uffee", "😀", "\ud7ff\ue000"),
);

/** A digest of the two registered algorithms. */
export const digest: fc.Arbitrary<Digest> = fc
  .tuple(fc.constantFrom(["sha256", 64] as const, ["sha512", 128] as const), fc.infiniteStream(fc.constantFrom(..."0123456789abcdef")))
  .map(([[algorithm, length], digits]): Digest => `${algorithm}:${[...digits.take(length)].join("")}`);

/** Annotations, at least one: Go leaves an empty map out. */
export const annotations: fc.Arbitrary<Annotations> = fc
  .array(fc.tuple(text, text), { minLength: 1, maxLength: 5 })
  .map((entries) => Object.fromEntries(entries));

/** Unknown members as a parser would find them: compact JSON, no name of the specification, no name twice. */
export const unknown: fc.Arbitrary<readonly RawMember[]> = fc
  .uniqueArray(fc.tuple(text, fc.constantFrom("null", "1.0", "9007199254740993", '"\\u003c"', '{"z":1,"a":[1,2]}', "[]", "-0", "1e400")), {
    minLength: 1,
    maxLength: 3,
    selector: ([name]) => name,
  })
  .map((members) => members.map(([name, json]): RawMember => [`x-${name}`, json]));

const texts = fc.array(text, { minLength: 1, maxLength: 3 });
const filled = text.filter((value) => value !== "");

/** A platform with `features` or without. */
export function platform(options: { readonly features: boolean }): fc.Arbitrary<Platform> {
  return fc.record(
    {
      architecture: text,
      os: filled,
      "os.version": filled,
      "os.features": texts,
      variant: filled,
      ...(options.features && { features: texts }),
      unknown,
    },
    { requiredKeys: ["architecture", "os"] },
  );
}

/** An entry as an OCI index holds it. */
export const descriptor: fc.Arbitrary<Descriptor> = fc.record(
  {
    mediaType: fc.constantFrom<string>(mediaTypes.ociManifest, mediaTypes.dockerManifest, "application/x+json"),
    digest,
    size: fc.maxSafeNat(),
    urls: texts,
    annotations,
    data: fc.uint8Array({ maxLength: 9 }).map(formatBase64),
    platform: platform({ features: false }),
    artifactType: filled,
    unknown,
  },
  { requiredKeys: ["mediaType", "digest", "size"] },
);

/** An OCI index; no digest stands in it twice. */
export const ociIndex: fc.Arbitrary<ImageIndex> = fc.record(
  {
    schemaVersion: fc.constant(2 as const),
    mediaType: fc.constant(mediaTypes.ociIndex),
    artifactType: filled,
    manifests: fc.uniqueArray(descriptor, { maxLength: 4, selector: (entry) => entry.digest }),
    subject: descriptor,
    annotations,
    unknown,
  },
  { requiredKeys: ["schemaVersion", "mediaType", "manifests"] },
);

const dockerEntry: fc.Arbitrary<Descriptor> = fc.record(
  { mediaType: fc.constant<string>(mediaTypes.dockerManifest), digest, size: fc.maxSafeNat(), urls: texts, platform: platform({ features: true }), unknown },
  { requiredKeys: ["mediaType", "digest", "size", "platform"] },
);

/** A docker manifest list; no digest stands in it twice. */
export const dockerList: fc.Arbitrary<ImageIndex> = fc.record(
  {
    schemaVersion: fc.constant(2 as const),
    mediaType: fc.constant(mediaTypes.dockerList),
    manifests: fc.uniqueArray(dockerEntry, { maxLength: 4, selector: (entry) => entry.digest }),
    unknown,
  },
  { requiredKeys: ["schemaVersion", "mediaType", "manifests"] },
);
