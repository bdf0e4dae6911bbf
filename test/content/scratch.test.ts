import { describe, expect, it } from "bun:test";
import { encodeUtf8, readAll } from "../../src/core/base/mod.ts";
import { openScratch } from "../../src/core/content/mod.ts";
import { memoryClock, memoryHost } from "../../src/host/memory.ts";
import { noting } from "../helper/noting.ts";

async function* pieces(...texts: readonly string[]) {
  for (const text of texts) yield encodeUtf8(text);
}

describe("openScratch()", () => {
  it("keep() writes a file nobody else reads, and close() removes it", async () => {
    const host = memoryHost({ variables: { TMPDIR: "/work" }, files: { "/work/mine": "" } });
    const { files, calls } = noting(host.files);
    const scratch = openScratch({ ...host, files });
    expect(calls).toEqual([]);
    const paths = [await scratch.keep(async () => pieces("one, ", "two")), await scratch.keep(async () => pieces())];
    expect(await Promise.all(paths.map(async (path) => (await readAll(await files.read(path), { limit: 100, what: "it" })).length))).toEqual([8, 0]);
    expect(calls.filter(({ name }) => name === "create")).toEqual(paths.map((path) => ({ name: "create", path, mode: 0o600 })));
    await scratch.close();
    expect(await host.files.list("/work")).toEqual(["mine"]);
  });

  it("keep() leaves nothing when its pieces fail, and does not begin them where no file can be made", async () => {
    const host = memoryHost({ variables: { TMPDIR: "/work" }, files: { "/work/mine": "" } });
    const scratch = openScratch(host);
    async function* broken() {
      yield encodeUtf8("one");
      throw new Error("broken");
    }
    await expect(scratch.keep(async () => broken())).rejects.toThrow("broken");
    expect(await host.files.list("/work")).toEqual(["mine"]);
    let isBegun = false;
    const nowhere = openScratch(memoryHost({ variables: { TMPDIR: "/none" } }));
    await expect(
      nowhere.keep(async () => {
        isBegun = true;
        return pieces();
      }),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(isBegun).toBe(false);
  });

  it("keep() is ended by the signal between pieces", async () => {
    const host = memoryHost({ variables: { TMPDIR: "/work" }, files: { "/work/mine": "" } });
    const controller = new AbortController();
    async function* endless() {
      for (;;) {
        yield encodeUtf8("more");
        controller.abort(new Error("enough"));
      }
    }
    await expect(openScratch(host).keep(async () => endless(), { signal: controller.signal })).rejects.toThrow("enough");
    expect(await host.files.list("/work")).toEqual(["mine"]);
  });

  it("keep() takes /var/tmp, else /tmp, without TMPDIR, and sweeps away what a crash left a day ago", async () => {
    const name = `.ocidex-${"0".repeat(32)}.tmp`;
    const clock = memoryClock();
    const host = memoryHost({ clock, files: { [`/var/tmp/${name}`]: "old" } });
    await clock.sleep(25 * 60 * 60 * 1000);
    expect((await openScratch(host).keep(async () => pieces("x"))).startsWith("/var/tmp/.ocidex-")).toBe(true);
    expect(await host.files.list("/var/tmp")).not.toContain(name);
    expect((await openScratch(memoryHost()).keep(async () => pieces("x"))).startsWith("/tmp/")).toBe(true);
  });
});
