import { isAttestation, referenceDigestKey } from "../core/index/mod.ts";
import { type Annotations, type Descriptor, type Digest, formatPlatform, type ImageIndex, isImageIndex, type ManifestDocument } from "../core/spec/mod.ts";
import { formatTable } from "./table.ts";
import { formatBytes } from "./units.ts";

/** Returns what a document says, with its entries or layers as a table. */
export function formatSummary(document: ManifestDocument): readonly string[] {
  const { value } = document;
  const head = [...heading(document), ""];
  if (!isImageIndex(value)) {
    const rows = [value.config, ...value.layers].map((part, at) => [at === 0 ? "config" : `layer ${at}`, formatBytes(part.size), part.digest, part.mediaType]);
    return [...head, ...formatTable(["PART", "SIZE", "DIGEST", "TYPE"], rows)];
  }
  return [...head, ...formatTable(["PLATFORM", "SIZE", "DIGEST", "ANNOTATIONS"], value.manifests.map(row))];
}

function heading({ descriptor, value }: ManifestDocument): readonly string[] {
  return [
    `digest       ${descriptor.digest}`,
    `type         ${descriptor.mediaType}`,
    ...(value.artifactType === undefined ? [] : [`artifactType ${value.artifactType}`]),
    ...(value.subject === undefined ? [] : [`subject      ${value.subject.digest}`]),
    ...annotationLines(value.annotations).map((line, at) => `${at === 0 ? "annotations " : "            "} ${line}`),
  ];
}

function annotationLines(annotations: Annotations | undefined): readonly string[] {
  return Object.entries(annotations ?? {}).map(([key, value]) => `${key}=${value}`);
}

function row(entry: Descriptor): readonly string[] {
  return [nameOf(entry), formatBytes(entry.size), entry.digest, annotationLines(entry.annotations).join(" ")];
}

function nameOf(entry: Descriptor): string {
  if (isAttestation(entry)) return "attestation";
  const platform = entry.platform ? formatPlatform(entry.platform) : "";
  return platform === "" ? (entry.artifactType ?? "-") : platform;
}

/** Manifests by digest. */
export type Manifests = ReadonlyMap<Digest, ManifestDocument>;

/** Returns what a document says as a tree: entries, each with its annotations, layers and attestations under it, as far as `manifests` has them. */
export function formatTree(document: ManifestDocument, manifests: Manifests = new Map()): readonly string[] {
  const { descriptor, value } = document;
  const facts = [
    ...(value.artifactType === undefined ? [] : [`artifactType ${value.artifactType}`]),
    ...(value.subject === undefined ? [] : [`subject ${value.subject.digest}`]),
    ...annotationLines(value.annotations),
  ];
  const head = [`${descriptor.digest}  ${descriptor.mediaType}`, ...facts.map((line) => `│ ${line}`)];
  return [...head, ...branches(isImageIndex(value) ? topEntries(value, manifests) : partsOf(document))];
}

/** Returns config and layers of an image, or the entries of an index within an index. */
function partsOf({ value }: ManifestDocument): readonly Branch[] {
  const parts = isImageIndex(value) ? value.manifests : [value.config, ...value.layers];
  return parts.map((part) => ({ label: label(part, isImageIndex(value) ? nameOf(part) : part.mediaType), below: [] }));
}

interface Branch {
  readonly label: string;
  readonly below: readonly Branch[];
}

/** An attestation of an entry that is there stands under it. */
function topEntries(index: ImageIndex, manifests: Manifests): readonly Branch[] {
  const images = new Set<string>(index.manifests.filter((entry) => !isAttestation(entry)).map((entry) => entry.digest));
  const below = new Map<string, Descriptor[]>();
  for (const entry of index.manifests) {
    const subject = entry.annotations?.[referenceDigestKey] ?? "";
    if (isAttestation(entry) && images.has(subject)) below.set(subject, [...(below.get(subject) ?? []), entry]);
  }
  const placed = new Set([...below.values()].flat());
  return index.manifests
    .filter((entry) => !placed.has(entry))
    .map((entry) => ({
      label: label(entry, nameOf(entry)),
      below: [
        ...annotationLines(entry.annotations).map((line) => ({ label: line, below: [] })),
        ...partsAt(manifests, entry),
        ...(isAttestation(entry) ? [] : (below.get(entry.digest) ?? [])).map((attestation) => ({
          label: label(attestation, "attestation"),
          below: partsAt(manifests, attestation),
        })),
      ],
    }));
}

function partsAt(manifests: Manifests, { digest }: Descriptor): readonly Branch[] {
  const document = manifests.get(digest);
  return document ? partsOf(document) : [];
}

function label(part: Descriptor, name: string): string {
  return `${name}  ${part.digest}  ${formatBytes(part.size)}`;
}

function branches(all: readonly Branch[], indent = ""): readonly string[] {
  return all.flatMap(({ label: text, below }, at) => {
    const last = at === all.length - 1;
    return [`${indent}${last ? "└─" : "├─"} ${text}`, ...branches(below, `${indent}${last ? "   " : "│  "}`)];
  });
}
