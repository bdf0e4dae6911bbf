import { describe, expect, it } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streamBytes } from "../../../src/core/base/mod.ts";
import type { Host } from "../../../src/core/port/mod.ts";
import { openLayoutPlace } from "../../../src/core/transport/oci/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { putSample, sampleOf } from "../../contract/content.ts";

const one = sampleOf("one");
const two = sampleOf("two");
const invalid = expect.objectContaining({ code: "INVALID", message: expect.stringContaining("links are not followed") });

/** Runs `body` with a layout on the disk. */
async function withLayout(body: (path: string, host: Host) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "ocidex-links-"));
  try {
    const host = await currentHost();
    const path = join(root, "layout");
    await putSample(await openLayoutPlace(host, { transport: "oci", path, reference: "a" }), one);
    await body(path, host);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Puts what is at `name` elsewhere and a link in its place. */
function divert(path: string, name: string): string {
  const outside = `${path}-outside`;
  renameSync(join(path, name), outside);
  symlinkSync(outside, join(path, name));
  return outside;
}

describe("openLayoutPlace() and links", () => {
  for (const name of ["index.json", "oci-layout", "blobs", "blobs/sha256", `blobs/sha256/${one.index.descriptor.digest.slice(7)}`]) {
    it(`resolve() and putRoot() refuse a layout whose ${name.slice(0, 20)} is a link (CVE-2021-29136, ggcr#2306)`, async () => {
      await withLayout(async (path, host) => {
        divert(path, name);
        const { source, target } = await openLayoutPlace(host, { transport: "oci", path, reference: "a" });
        await expect(source.resolve()).rejects.toEqual(invalid);
        await expect(target.putRoot(one.index)).rejects.toEqual(invalid);
      });
    });
  }

  it("putBlob() writes nothing where a link leads (GHSA-8xwf-rjm4-xvhv, GHSA-fxhp-mv3v-67qp, CVE-2026-50163, GHSA-m37j-52j7-pjw7)", async () => {
    await withLayout(async (path, host) => {
      const outside = divert(path, "blobs");
      const { target } = await openLayoutPlace(host, { transport: "oci", path, reference: "a" });
      await expect(target.putBlob(two.layer.descriptor, async () => streamBytes(two.layer.bytes))).rejects.toEqual(invalid);
      expect((await host.files.list(join(outside, "sha256"))).length).toBe(4);
    });
  });

  it("resolve() takes a layout that is itself named by a link", async () => {
    await withLayout(async (path, host) => {
      symlinkSync(path, `${path}-link`);
      const { source } = await openLayoutPlace(host, { transport: "oci", path: `${path}-link`, reference: "a" });
      expect((await source.resolve()).bytes).toEqual(one.index.bytes);
    });
  });

  it("putRoot() refuses a lock that is a link, and leaves where it leads", async () => {
    await withLayout(async (path, host) => {
      const outside = `${path}-outside`;
      mkdirSync(outside);
      symlinkSync(outside, join(path, ".index.json.lock"));
      const before = readFileSync(join(path, "index.json"), "utf8");
      const { target } = await openLayoutPlace(host, { transport: "oci", path, reference: "b" });
      await expect(target.putRoot(one.index)).rejects.toEqual(expect.objectContaining({ code: "INVALID" }));
      expect(readFileSync(join(path, "index.json"), "utf8")).toBe(before);
      expect(await host.files.status(outside)).toEqual(expect.objectContaining({ kind: "directory" }));
    });
  });
});
