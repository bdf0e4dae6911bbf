import { isAttestation, referenceDigestKey } from "../core/index/mod.ts";
import type { Inspection } from "../core/list/mod.ts";
import { type Annotations, type Descriptor, formatPlatform, type ImageIndex, isImageIndex, type ManifestDocument, titleKey } from "../core/spec/mod.ts";
import { formatTable } from "./table.ts";
import { formatBytes } from "./units.ts";

/** Returns what a document says, with its entries or layers as a table; a column for files is there only if there are any. */
export function formatSummary({ document, files }: Pick<Inspection, "document" | "files">): readonly string[] {
  const { value } = document;
  const head = [...heading(document), ""];
  if (isImageIndex(value)) {
    const columns = ["PLATFORM", "SIZE", "DIGEST", "FILES", "ANNOTATIONS"];
    return [
      ...head,
      ...formatFilled(
        columns,
        value.manifests.map((entry) => row(entry, files.get(entry.digest) ?? [])),
      ),
    ];
  }
  const parts = [value.config, ...value.layers];
  const rows = parts.map((part, at) => [at === 0 ? "config" : `layer ${at}`, formatBytes(part.size), part.digest, titleOf(part), part.mediaType]);
  return [...head, ...formatFilled(["PART", "SIZE", "DIGEST", "FILE", "TYPE"], rows)];
}

/** Returns the table without the column of files if that is empty. */
function formatFilled(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const at = heads.findIndex((head) => head.startsWith("FILE"));
  if (rows.some((cells) => cells[at] !== "")) return formatTable(heads, rows);
  return formatTable(
    heads.toSpliced(at, 1),
    rows.map((cells) => cells.toSpliced(at, 1)),
  );
}

function titleOf(part: Descriptor): string {
  return part.annotations?.[titleKey] ?? "";
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

function row(entry: Descriptor, files: readonly string[]): readonly string[] {
  return [nameOf(entry), formatBytes(entry.size), entry.digest, files.join(", "), annotationLines(entry.annotations).join(" ")];
}

function nameOf(entry: Descriptor): string {
  if (isAttestation(entry)) return "attestation";
  const platform = entry.platform ? formatPlatform(entry.platform) : "";
  return platform === "" ? (entry.artifactType ?? "-") : platform;
}

/** What a tree shows. */
type Inspected = Pick<Inspection, "document" | "manifests" | "files">;

/** Returns what a document says as a tree: entries, each with its annotations, layers and attestations under it, as far as the manifests are there. */
export function formatTree(inspected: Inspected): readonly string[] {
  const { document } = inspected;
  const { descriptor, value } = document;
  const facts = [
    ...(value.artifactType === undefined ? [] : [`artifactType ${value.artifactType}`]),
    ...(value.subject === undefined ? [] : [`subject ${value.subject.digest}`]),
    ...annotationLines(value.annotations),
  ];
  const head = [`${descriptor.digest}  ${descriptor.mediaType}`, ...facts.map((line) => `│ ${line}`)];
  return [...head, ...branches(isImageIndex(value) ? topEntries(value, inspected) : partsOf(document))];
}

/** Returns config and layers of an image, or the entries of an index within an index. */
function partsOf({ value }: ManifestDocument): readonly Branch[] {
  const parts = isImageIndex(value) ? value.manifests : [value.config, ...value.layers];
  return parts.map((part) => ({ label: label(part, isImageIndex(value) ? nameOf(part) : [titleOf(part), part.mediaType].join("  ").trimStart()), below: [] }));
}

interface Branch {
  readonly label: string;
  readonly below: readonly Branch[];
}

/** An attestation of an entry that is there stands under it. */
function topEntries(index: ImageIndex, inspected: Inspected): readonly Branch[] {
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
        ...[...annotationLines(entry.annotations), ...untitledFiles(inspected, entry)].map((line) => ({ label: line, below: [] })),
        ...partsAt(inspected, entry),
        ...(isAttestation(entry) ? [] : (below.get(entry.digest) ?? [])).map((attestation) => ({
          label: label(attestation, "attestation"),
          below: partsAt(inspected, attestation),
        })),
      ],
    }));
}

function partsAt({ manifests }: Inspected, { digest }: Descriptor): readonly Branch[] {
  const document = manifests.get(digest);
  return document ? partsOf(document) : [];
}

/** Files whose names are in the list's record and not beside the layers. */
function untitledFiles({ manifests, files }: Inspected, { digest }: Descriptor): readonly string[] {
  const value = manifests.get(digest)?.value;
  const names = files.get(digest) ?? [];
  return names.length === 0 || (value !== undefined && "layers" in value && value.layers.some((layer) => titleOf(layer) !== ""))
    ? []
    : [`files ${names.join(", ")}`];
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
