import { createHash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { annotateEntry, createIndex, removeEntries } from "../src/core/index/mod.ts";
import { type Descriptor, encodeImageIndex, mediaTypes, parseDigest } from "../src/core/spec/mod.ts";

/** A number that was promised, and what came out. */
interface Figure {
  readonly name: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: string;
}

const program = resolve("dist/ocidex");
const mebibyte = 2 ** 20;

/** Returns the middle of what `body` gives in `times` runs. */
async function median(times: number, body: () => number | Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let run = 0; run < times; run++) values.push(await body());
  return values.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

async function runProgram(args: readonly string[], root: string): Promise<{ readonly milliseconds: number; readonly peak: number }> {
  const started = performance.now();
  const child = Bun.spawn([program, ...args], { env: { ...process.env, OCIDEX_ROOT: root }, stdout: "ignore", stderr: "pipe" });
  const status = await child.exited;
  if (status !== 0) throw new Error(`ocidex ${args.join(" ")} ended with ${status}: ${await new Response(child.stderr).text()}`);
  return { milliseconds: performance.now() - started, peak: (child.resourceUsage()?.maxRSS ?? 0) / mebibyte };
}

function sampleEntry(number: number): Descriptor {
  const digest = parseDigest(`sha256:${number.toString(16).padStart(64, "0")}`);
  return { mediaType: mediaTypes.ociManifest, digest, size: 500, platform: { os: "linux", architecture: "amd64" } };
}

/** Edits, encodes and shrinks an index of `entries` entries once; returns milliseconds. */
function editLargeIndex(entries: number): number {
  const manifests = Array.from({ length: entries }, (_, at) => sampleEntry(at));
  const last = sampleEntry(entries - 1).digest;
  const started = performance.now();
  const annotated = annotateEntry(createIndex({ manifests }), last, { annotations: { from: "bench" } });
  encodeImageIndex(removeEntries(annotated, [last]));
  return performance.now() - started;
}

async function putBlob(layout: string, mediaType: string, pieces: Iterable<Uint8Array>): Promise<Descriptor> {
  const hash = createHash("sha256");
  const part = join(layout, "part");
  const sink = Writable.toWeb(createWriteStream(part)).getWriter();
  let size = 0;
  for (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
    await sink.write(piece);
  }
  await sink.close();
  const hex = hash.digest("hex");
  await Bun.$`mv ${part} ${join(layout, "blobs/sha256", hex)}`.quiet();
  return { mediaType, digest: parseDigest(`sha256:${hex}`), size };
}

function* zeros(size: number): Generator<Uint8Array> {
  const piece = new Uint8Array(mebibyte);
  for (let done = 0; done < size; done += piece.length) yield piece;
}

/** Writes an OCI layout with one image whose only layer has `size` bytes. */
async function writeLayout(layout: string, size: number): Promise<void> {
  mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
  const json = (value: object): Uint8Array[] => [new TextEncoder().encode(JSON.stringify(value))];
  const layer = await putBlob(layout, mediaTypes.ociLayer, zeros(size));
  const config = await putBlob(
    layout,
    mediaTypes.ociConfig,
    json({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [layer.digest] } }),
  );
  const manifest = await putBlob(layout, mediaTypes.ociManifest, json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] }));
  const named = { ...manifest, annotations: { "org.opencontainers.image.ref.name": "x" } };
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

/** Pushes an image with a layer of `size` bytes from layout to layout; returns the peak of resident memory in MiB. */
async function pushLargeBlob(folder: string, size: number): Promise<number> {
  await writeLayout(join(folder, "big"), size);
  await runProgram(["manifest", "create", "big", `oci:${join(folder, "big")}:x`], join(folder, "store"));
  const { peak } = await runProgram(["manifest", "push", "--all", "big", `oci:${join(folder, "copy")}:x`], join(folder, "store"));
  return peak;
}

async function measure(folder: string): Promise<readonly Figure[]> {
  const startUp = await median(21, async () => (await runProgram(["--version"], folder)).milliseconds);
  const [thousand, tenThousand] = [await median(11, () => editLargeIndex(1000)), await median(11, () => editLargeIndex(10_000))];
  return [
    { name: "start-up of the executable", measured: startUp, limit: 15, unit: "ms" },
    { name: "edit an index of 10 000 entries", measured: tenThousand, limit: 1000, unit: "ms" },
    { name: "10 000 entries against 1 000", measured: tenThousand / thousand, limit: 20, unit: "times" },
    { name: "memory to push a blob of 1 GiB", measured: await pushLargeBlob(folder, 1024 * mebibyte), limit: 128, unit: "MiB" },
  ];
}

if (import.meta.main) {
  if (!existsSync(program)) throw new Error("dist/ocidex is not there: npm run build");
  const folder = mkdtempSync(join(tmpdir(), "ocidex-bench-"));
  try {
    for (const { name, measured, limit, unit } of await measure(folder)) {
      const over = measured > limit;
      console.log(`${name.padEnd(34)}${measured.toFixed(1).padStart(8)} ${unit} of ${limit}${over ? ": OVER" : ""}`);
      if (over) process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
