import * as v from "valibot";
import { type EntriesOf, type RawMember, tryParseBase64 } from "../base/mod.ts";
import { type Annotations, AnnotationsSchema } from "./annotation.ts";
import { type Digest, DigestSchema } from "./digest.ts";
import { type Platform, PlatformSchema } from "./platform.ts";

/** Points to content: its type, digest and size (image-spec descriptor.md). Members have their names in JSON. */
export interface Descriptor {
  /** Type of the content (RFC 6838). */
  readonly mediaType: string;
  /** Digest of the content. */
  readonly digest: Digest;
  /** Size of the content in bytes. */
  readonly size: number;
  /** Other places the content may be fetched from. */
  readonly urls?: readonly string[];
  /** Annotations of the reference, not of the content. */
  readonly annotations?: Annotations;
  /** The content itself in base64. */
  readonly data?: string;
  /** The platform the content runs on, in the entries of an index. */
  readonly platform?: Platform;
  /** Type of an artifact, when the content is one. */
  readonly artifactType?: string;
  /** Members the specification does not name, as written. */
  readonly unknown?: readonly RawMember[];
}

const size = v.pipe(
  v.number(),
  v.check(
    (value) => Number.isSafeInteger(value) && value >= 0,
    (issue) => `expected a number of bytes, received ${issue.received}`,
  ),
);
const base64 = v.pipe(
  v.string(),
  v.check((text) => tryParseBase64(text) !== undefined, "expected base64 with padding"),
);

const entries = {
  mediaType: v.pipe(v.string(), v.minLength(1, "expected a media type, received nothing")),
  digest: DigestSchema,
  size,
  urls: v.exactOptional(v.array(v.string())),
  annotations: v.exactOptional(AnnotationsSchema),
  data: v.exactOptional(base64),
  platform: v.exactOptional(PlatformSchema),
  artifactType: v.exactOptional(v.string()),
} satisfies Omit<EntriesOf<Descriptor>, "unknown">;

/** Checks a descriptor from outside; unknown members are taken up by the parsers of whole documents. */
export const DescriptorSchema: v.GenericSchema<unknown, Descriptor> = v.object(entries);
/** Names of the members of a descriptor that the specification names. */
export const descriptorMembers: readonly string[] = Object.keys(entries);

/** The content `{}` that stands where the specification demands content and there is none (image-spec manifest.md, "Guidance for an Empty Descriptor"). */
export const emptyDescriptor: Descriptor = {
  mediaType: "application/vnd.oci.empty.v1+json",
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
  data: "e30=",
};
