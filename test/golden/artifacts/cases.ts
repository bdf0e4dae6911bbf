import { createHash } from "node:crypto";

/** An artifact that buildah made once and that is made again here. */
export interface ArtifactCase {
  /** Name of the files with its manifest and its index. */
  readonly name: string;
  /** What is shown. */
  readonly note: string;
  /** What stands behind `manifest add --artifact`; LIST is a new list. */
  readonly args: readonly string[];
  /** The same for ocidex, where that has another word for it. */
  readonly ours?: readonly string[];
}

interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const layoutFiles = new Map<string, string>();

function put(mediaType: string, text: string): Content {
  const hex = createHash("sha256").update(text).digest("hex");
  layoutFiles.set(`layout/blobs/sha256/${hex}`, text);
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}

function putJson(value: { readonly mediaType: string }): Content {
  return put(value.mediaType, JSON.stringify(value));
}

/** The layout `layout` with an artifact and an index to be subjects. */
function fillLayout(): void {
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.example.chart",
    config: put("application/vnd.oci.empty.v1+json", "{}"),
    layers: [put("text/plain", "a chart\n")],
  };
  const artifact = putJson(manifest);
  const index = putJson({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [artifact] } as { readonly mediaType: string });
  const named = (entry: Content, name: string) => ({ ...entry, annotations: { "org.opencontainers.image.ref.name": name } });
  layoutFiles.set("layout/oci-layout", '{"imageLayoutVersion":"1.0.0"}');
  layoutFiles.set("layout/index.json", JSON.stringify({ schemaVersion: 2, manifests: [named(artifact, "artifact"), named(index, "index")] }));
}

fillLayout();

/** The files that the cases name, by their path; a character is a byte. */
export const artifactFiles: ReadonlyMap<string, string> = new Map([
  ["note.txt", "hello\n"],
  ["copy.txt", "hello\n"],
  ["deep/note.txt", "another note\n"],
  ["data.json", '{"a":1}'],
  ["config.json", '{"created":"by hand"}'],
  ["style.CSS", "a{}"],
  ["layers.tar.gz", "not compressed at all"],
  ["notes.", "ends in a dot"],
  [".json", "{}"],
  ["LICENSE", "Apache License\n"],
  ["page", "\n <!DOCTYPE html><p>"],
  ["feed", '<?xml version="1.0"?>'],
  ["zeros", "\0".repeat(600)],
  ["late", `${"x".repeat(512)}\0`],
  ["archive", "\x1f\x8b\x08rest"],
  ["movie", "\0\0\0\x18ftypmp42\0\0\0\0isommp42"],
  ["empty", ""],
  ['odd "<name>" & ümlaut.txt', "odd"],
  ...layoutFiles,
]);

/** What was recorded. */
export const artifactCases: readonly ArtifactCase[] = [
  { name: "files", note: "two files, nothing said", args: ["LIST", "note.txt", "data.json"] },
  { name: "extensions", note: "types that the names tell", args: ["LIST", "style.CSS", "layers.tar.gz", ".json", "deep/note.txt"] },
  { name: "sniffed", note: "types that the content tells", args: ["LIST", "LICENSE", "page", "feed", "zeros", "late", "archive", "movie", "empty", "notes."] },
  { name: "same-content", note: "two files of the same content", args: ["LIST", "note.txt", "copy.txt"] },
  { name: "same-title", note: "two files of the same name", args: ["LIST", "note.txt", "deep/note.txt"] },
  { name: "odd-title", note: "a name that Go's encoder escapes", args: ["LIST", 'odd "<name>" & ümlaut.txt'] },
  {
    name: "types",
    note: "every type told",
    args: ["--artifact-type", "image/png", "--artifact-layer-type", "image/not-validated", "--artifact-config-type", "text/x-not-really", "LIST", "note.txt"],
  },
  { name: "no-type", note: "an artifact that does not say what it is", args: ["--artifact-type=", "LIST", "note.txt"] },
  {
    name: "config",
    note: "a config of its own; that buildah must be told to give it the type of an image's config",
    args: ["--artifact-config", "config.json", "--artifact-config-type=", "LIST", "note.txt"],
    ours: ["--artifact-config", "config.json", "LIST", "note.txt"],
  },
  {
    name: "config-type",
    note: "a config with its type",
    args: ["--artifact-config", "config.json", "--artifact-config-type", "application/vnd.example.config+json", "LIST", "note.txt"],
  },
  { name: "empty-config", note: "an empty config with its type", args: ["--artifact-config", "empty", "--artifact-config-type", "text/plain", "LIST", "note.txt"] },
  { name: "no-titles", note: "files without their names", args: ["--artifact-exclude-titles", "LIST", "note.txt", "data.json"] },
  { name: "subject", note: "an artifact about an artifact", args: ["--artifact-subject", "oci:layout:artifact", "LIST", "note.txt"] },
  { name: "subject-index", note: "an artifact about an index", args: ["--artifact-subject", "oci:layout:index", "LIST", "note.txt"] },
  {
    name: "annotations",
    note: "annotations of the artifact and of its entry",
    args: ["--artifact-annotation", "left=<right>", "--artifact-annotation", "a=", "--annotation", "red=blue=green", "LIST", "note.txt"],
  },
  {
    name: "platform",
    note: "an artifact that runs on something",
    args: ["--os", "linux", "--arch", "arm", "--variant", "v7", "--os-version", "1.2", "--os-features", "a,b", "LIST", "note.txt"],
  },
];
