import { createHash } from "node:crypto";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { annotateEntry } from "../../src/core/index/mod.ts";
import { type Descriptor, encodeImageIndex, isImageIndex, mediaTypes, parseDigest, parseManifest } from "../../src/core/spec/mod.ts";
import { inTurns, median, medians, type Row, type ToolName, type Tools, type Workshop } from "./measure.ts";

const rounds = 7;
const sizes = [100, 1000, 10_000];
const limit = 1000;
/** Linear is 10; twice that is noise. */
const growthLimit = 20;

/** Takes one entry out of an index of many, and annotates one: with the programs, and in the library alone. */
export async function measureEdits(tools: Tools, workshop: Workshop): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const alone: number[] = [];
  for (const size of sizes) {
    const layout = join(workshop.path, `layout-${size}`);
    const { bytes, last } = writeLayout(layout, size);
    const able = [...tools.keys()].filter((tool) => tool !== "crane");
    const removed = await inTurns(rounds, able, (tool) => editCopy(layout, (copy) => workshop.run(removal(tool, tools, { copy, last }))));
    const annotate = (copy: string): readonly string[] => [tools.get("ocidex") ?? "", "manifest", "annotate", "--annotation", "a=b", `oci:${copy}:many`, last];
    const annotated = await inTurns(rounds, ["ocidex"], () => editCopy(layout, (copy) => workshop.run(annotate(copy))));
    const name = `an index of ${size} entries`;
    rows.push(medians(removed, { name: `${name}, take one out`, unit: "ms", limit }, ({ wall }) => wall));
    rows.push(medians(annotated, { name: `${name}, annotate one`, unit: "ms", limit }, ({ wall }) => wall));
    const inLibrary = annotateAlone(bytes, last);
    alone.push(inLibrary);
    rows.push({ name: `${name}, annotate one in the library`, unit: "ms", values: new Map([["ocidex", inLibrary]]) });
  }
  const growth = (alone.at(-1) ?? Number.NaN) / (alone.at(-2) ?? Number.NaN);
  rows.push({ name: "ten times the entries, in the library", unit: "times as long", values: new Map([["ocidex", growth]]), limit: growthLimit });
  return rows;
}

async function editCopy<T>(layout: string, edit: (copy: string) => Promise<T>): Promise<T> {
  const copy = `${layout}-copy`;
  cpSync(layout, copy, { recursive: true });
  try {
    return await edit(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function removal(tool: ToolName, tools: Tools, { copy, last }: { readonly copy: string; readonly last: string }): readonly string[] {
  const program = tools.get(tool) ?? tool;
  if (tool === "ocidex") return [program, "manifest", "remove", `oci:${copy}:many`, last];
  return [program, "index", "delete", `ocidir://${copy}:many`, "--digest", last];
}

/** Reads, edits and writes the index as a verb does, without a process around it. */
function annotateAlone(bytes: Uint8Array, last: Descriptor["digest"]): number {
  const times = Array.from({ length: rounds + 1 }, () => {
    const started = performance.now();
    const index = parseManifest(bytes);
    if (!isImageIndex(index)) throw new Error("the index is none");
    encodeImageIndex(annotateEntry(index, last, { annotations: { a: "b" } }));
    return performance.now() - started;
  });
  return median(times.slice(1));
}

/** Writes an OCI layout whose index "many" has entries that lie nowhere, as after a push with `--all=false`. */
function writeLayout(layout: string, size: number): { readonly bytes: Uint8Array; readonly last: Descriptor["digest"] } {
  const manifests = Array.from(
    { length: size },
    (_, at): Descriptor => ({ mediaType: mediaTypes.ociManifest, digest: digestOf(`${at}`), size: 500, platform: { os: "linux", architecture: "amd64" } }),
  );
  const bytes = encodeImageIndex({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const digest = digestOf(bytes);
  mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
  writeFileSync(join(layout, "blobs/sha256", digest.slice("sha256:".length)), bytes);
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const named = { mediaType: mediaTypes.ociIndex, digest, size: bytes.length, annotations: { "org.opencontainers.image.ref.name": "many" } };
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  return { bytes, last: digestOf(`${size - 1}`) };
}

function digestOf(content: string | Uint8Array): Descriptor["digest"] {
  return parseDigest(`sha256:${createHash("sha256").update(content).digest("hex")}`);
}
