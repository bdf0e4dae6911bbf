import { describe, expect, test } from "bun:test";
import { createOutput } from "../../src/cli/output.ts";
import { createReport } from "../../src/cli/progress.ts";
import type { Event } from "../../src/core/port/mod.ts";
import type { Descriptor } from "../../src/core/spec/mod.ts";
import { parseDigest } from "../../src/core/spec/mod.ts";
import { memoryClock, memoryHost } from "../../src/host/memory.ts";

const blob = (letter: string, size: number): Descriptor => ({
  mediaType: "application/octet-stream",
  digest: parseDigest(`sha256:${letter.repeat(64)}`),
  size,
});
const image = blob("a", 100);
const layer = blob("b", 4 * 1024 * 1024);
const config = blob("c", 10);

const push: readonly Event[] = [
  { type: "compress", descriptor: image, format: "zstd" },
  { type: "progress", descriptor: image, bytes: 100 },
  { type: "compress-done", descriptor: image, digest: layer.digest, size: layer.size },
  { type: "copy", images: 2, total: 2 },
  { type: "image", descriptor: image, at: 1, total: 2 },
  { type: "blob", descriptor: layer, kind: "blob" },
  { type: "progress", descriptor: layer, bytes: 100 },
  { type: "blob-done", descriptor: layer, outcome: "copied" },
  { type: "blob", descriptor: config, kind: "config" },
  { type: "blob-done", descriptor: config, outcome: "exists" },
  { type: "manifest", descriptor: image, kind: "image", outcome: "written" },
  { type: "retry", message: "503", wait: 2000, attempt: 1, retries: 3 },
  { type: "warning", message: "mixed types" },
  { type: "manifest", descriptor: image, kind: "index", outcome: "written" },
];

/** Returns what standard error saw; with `columns`, it is a terminal of so many. */
async function show(events: readonly (Event | number)[], options: { readonly columns?: number; readonly quiet?: boolean } = {}): Promise<string> {
  const host = memoryHost();
  const clock = memoryClock();
  const terminal = { ...host.terminal, ...(options.columns !== undefined && { errorsAreTerminal: true, columns: () => options.columns ?? 0 }) };
  const output = createOutput(terminal, host.environment);
  const report = createReport(output, { clock, quiet: options.quiet ?? false });
  for (const event of events) {
    if (typeof event === "number") await clock.sleep(event);
    else report(event);
  }
  await output.flush();
  return host.errors();
}

const frames = (errors: string): readonly string[] => errors.replace(/\p{Cc}\[\d+A\r\p{Cc}\[J/gu, "\u0000").split("\u0000");

describe("createReport() without a terminal", () => {
  test("prints plain lines in buildah's words", async () => {
    expect((await show(push)).split("\n")).toEqual([
      `Compressing blob ${image.digest} with zstd`,
      "Copying 2 images generated from 2 images in list",
      `Copying image ${image.digest} (1/2)`,
      `Copying blob ${layer.digest}`,
      `Copying config ${config.digest}`,
      "Writing manifest to image destination",
      "Failed, retrying in 2s ... (1/3). Error: 503",
      "Warning: mixed types",
      "Writing manifest list to image destination",
      "",
    ]);
  });

  test("keeps warnings and retries when quiet", async () => {
    expect(await show(push, { quiet: true })).toBe("Failed, retrying in 2s ... (1/3). Error: 503\nWarning: mixed types\n");
  });

  test("says when a manifest is there already", async () => {
    expect(await show([{ type: "manifest", descriptor: image, kind: "index", outcome: "exists" }])).toBe(`Manifest list ${image.digest} is there already\n`);
  });
});

describe("createReport() on a terminal", () => {
  const half: readonly (Event | number)[] = [
    { type: "blob", descriptor: layer, kind: "blob" },
    1000,
    { type: "progress", descriptor: layer, bytes: 1024 * 1024 },
  ];

  test("shows how much of a layer has been compressed, and what became of it", async () => {
    const events: readonly (Event | number)[] = [
      { type: "compress", descriptor: layer, format: "zstd" },
      1000,
      { type: "progress", descriptor: layer, bytes: 1024 * 1024 },
      1000,
      { type: "compress-done", descriptor: layer, digest: image.digest, size: 1024 },
    ];
    const seen = frames(await show(events, { columns: 80 }));
    expect(seen.some((frame) => /^Compressing blob b{12} \[=+> +\] 1\.0 MiB \/ 4\.0 MiB {2}1\.0 MiB\/s {2}3s/.test(frame))).toBe(true);
    expect(seen.join("")).toContain(`Compressing blob ${"b".repeat(12)} done 4.0 MiB to 1.0 KiB in 2s\n`);
  });

  test("shows bar, size, rate and remaining time of a blob", async () => {
    const drawn = frames(await show(half, { columns: 100 })).at(-2);
    expect(drawn).toBe("Copying blob bbbbbbbbbbbb [=======>                      ] 1.0 MiB / 4.0 MiB  1.0 MiB/s  3s\n");
  });

  test("leaves one line of a blob that is done", async () => {
    const done: Event = { type: "blob-done", descriptor: layer, outcome: "copied" };
    expect(frames(await show([...half, 500, done], { columns: 100 })).at(-1)).toBe("Copying blob bbbbbbbbbbbb done 4.0 MiB in 2s\n");
    expect(
      await show(
        [
          { type: "blob", descriptor: config, kind: "config" },
          { type: "blob-done", descriptor: config, outcome: "exists" },
        ],
        { columns: 100 },
      ),
    ).toContain("Copying config cccccccccccc skipped: already exists\n");
  });

  test("leaves no line of a blob that came to no destination", async () => {
    const shown = await show([{ type: "blob", descriptor: config, kind: "config" }, { type: "blob-done", descriptor: config, outcome: undefined }, 500], {
      columns: 100,
    });
    expect(shown).not.toContain("skipped");
    expect(frames(shown).at(-1)).not.toContain("Copying config");
  });

  test("draws at most ten times a second", async () => {
    const many = Array.from({ length: 1000 }, () => [1, { type: "progress", descriptor: layer, bytes: 1 } as const]).flat();
    const drawn = frames(await show([{ type: "blob", descriptor: layer, kind: "blob" }, ...many], { columns: 100 }));
    expect(drawn.length).toBeGreaterThan(9);
    expect(drawn.length).toBeLessThan(13);
  });

  test("fits any number of columns and any number of blobs", async () => {
    const blobs = [..."0123456789abcdef"].map((letter): Event => ({ type: "blob", descriptor: blob(letter, 5_000_000_000), kind: "blob" }));
    for (const columns of [20, 40, 60, 80, 200]) {
      const lines = frames(await show([...blobs, 500, { type: "progress", descriptor: blob("0", 1), bytes: 1 }], { columns })).flatMap((frame) =>
        frame.split("\n"),
      );
      expect(lines.filter((line) => line.length >= columns)).toEqual([]);
      expect(Math.max(...frames(await show(blobs, { columns })).map((frame) => frame.split("\n").length))).toBe(12);
    }
  });

  test("keeps the lines of images and manifests above the blobs", async () => {
    const errors = await show(push, { columns: 120 });
    expect(errors).toContain(`Copying image ${image.digest} (1/2)\n`);
    expect(errors).toContain("Writing manifest list to image destination\n");
  });
});
