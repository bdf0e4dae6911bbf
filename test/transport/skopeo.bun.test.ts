import { afterAll, describe, expect, it } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamBytes } from "../../src/core/base/mod.ts";
import type { ContentPlace } from "../../src/core/port/mod.ts";
import { mediaTypes, parseLocation } from "../../src/core/spec/mod.ts";
import { openDirPlace } from "../../src/core/transport/dir/mod.ts";
import { openLayoutPlace } from "../../src/core/transport/oci/mod.ts";
import { nodeHost } from "../../src/host/node.ts";
import { blobOf, documentOf, indexOf } from "../helper/content.ts";

const hasSkopeo = spawnSync("skopeo", ["--version"]).status === 0;
const root = mkdtempSync(join(tmpdir(), "ocidex-skopeo-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function skopeo(...values: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync("skopeo", values, { cwd: root });
  expect({ status, errors: status === 0 ? "" : String(stderr) }).toEqual({ status: 0, errors: "" });
  return stdout;
}

async function open(text: string): Promise<ContentPlace> {
  const location = parseLocation(text);
  if (location.transport === "dir") return openDirPlace(nodeHost(), { ...location, path: join(root, location.path) });
  if (location.transport === "oci") return openLayoutPlace(nodeHost(), { ...location, path: join(root, location.path) });
  throw new Error(`no place at ${text}`);
}

const images = ["amd64", "arm64"].map((architecture) => {
  const layer = blobOf(mediaTypes.ociLayer, `layer for ${architecture}`.padEnd(1024, "\0"));
  const diff = layer.descriptor.digest;
  const config = blobOf(mediaTypes.ociConfig, JSON.stringify({ architecture, os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [diff] } }));
  const image = documentOf({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: config.descriptor, layers: [layer.descriptor] });
  return { layer, config, image, entry: { ...image.descriptor, platform: { architecture, os: "linux" } } };
});
const index = documentOf({ ...indexOf(images.map(({ entry }) => entry)), annotations: { "org.opencontainers.image.description": "<a & b>" } });

async function put(text: string): Promise<void> {
  const { target } = await open(text);
  for (const { layer, config, image } of images) {
    for (const { descriptor, bytes } of [layer, config]) await target.putBlob(descriptor, async () => streamBytes(bytes));
    await target.putManifest(image);
  }
  await target.putRoot(index);
}

/** Checks that everything of {@linkcode index} can be read at `text`. */
async function expectIndex(text: string): Promise<void> {
  const { source, target } = await open(text);
  expect((await source.resolve()).bytes).toEqual(index.bytes);
  expect(await target.hasManifest(images[0]?.image.descriptor ?? index.descriptor)).toBe(true);
  for (const { layer, config, image } of images) {
    expect((await source.manifest(image.descriptor)).bytes).toEqual(image.bytes);
    expect(await source.smallBlob(config.descriptor)).toEqual(config.bytes);
    expect(await source.smallBlob(layer.descriptor)).toEqual(layer.bytes);
  }
}

describe.skipIf(!hasSkopeo)("places that skopeo shares", () => {
  it("openLayoutPlace() writes what skopeo reads, by name and without", async () => {
    await put("oci:ours:1.0");
    expect(new Uint8Array(skopeo("inspect", "--raw", "oci:ours:1.0"))).toEqual(index.bytes);
    expect(new Uint8Array(skopeo("inspect", "--raw", "oci:ours"))).toEqual(index.bytes);
    expect(JSON.parse(String(skopeo("inspect", "--override-arch", "arm64", "--override-os", "linux", "oci:ours:1.0"))).Architecture).toBe("arm64");
  });

  it("openLayoutPlace() reads what skopeo writes, and the other way round in one layout", async () => {
    await put("oci:shared:ours");
    skopeo("copy", "-q", "--all", "oci:shared:ours", "oci:shared:theirs");
    await expectIndex("oci:shared:theirs");
    await put("oci:shared:again");
    for (const name of ["ours", "theirs", "again"]) expect(new Uint8Array(skopeo("inspect", "--raw", `oci:shared:${name}`))).toEqual(index.bytes);
    expect(readdirSync(join(root, "shared")).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  });

  it("openDirPlace() writes byte for byte what skopeo writes", async () => {
    await put("oci:origin:a");
    skopeo("copy", "-q", "--all", "oci:origin:a", "dir:theirs");
    await put("dir:ours-dir");
    expect(readdirSync(join(root, "ours-dir")).sort()).toEqual(readdirSync(join(root, "theirs")).sort());
    for (const name of readdirSync(join(root, "theirs"))) expect(readFileSync(join(root, "ours-dir", name))).toEqual(readFileSync(join(root, "theirs", name)));
    await expectIndex("dir:theirs");
    expect(new Uint8Array(skopeo("inspect", "--raw", "dir:ours-dir"))).toEqual(index.bytes);
  });

  it("openDirPlace() and skopeo replace each other's images", async () => {
    await put("dir:both");
    skopeo("copy", "-q", "--override-arch", "amd64", "--override-os", "linux", "dir:both", "oci:single:a");
    skopeo("copy", "-q", "oci:single:a", "dir:both");
    expect((await (await open("dir:both")).source.resolve()).value.mediaType).toBe(mediaTypes.ociManifest);
    await put("dir:both");
    await expectIndex("dir:both");
    expect(readdirSync(join(root, "both")).length).toBe(8);
  });
});
