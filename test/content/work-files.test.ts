import { describe, expect, it } from "bun:test";
import { encodeUtf8, streamBytes, streamOf } from "../../src/core/base/mod.ts";
import { openWorkFiles } from "../../src/core/content/mod.ts";
import { memoryClock, memoryHost } from "../../src/host/memory.ts";

const text = async () => streamBytes(encodeUtf8("text"));

describe("openWorkFiles()", () => {
  it("write() makes files for this user alone, in TMPDIR, which close() removes", async () => {
    const host = memoryHost({ variables: { TMPDIR: "/spare" }, files: { "/spare/mine": "" } });
    const modes: unknown[] = [];
    const create: typeof host.files.create = (path, options) => {
      modes.push(options?.mode);
      return host.files.create(path, options);
    };
    const work = openWorkFiles({ ...host, files: { ...host.files, create } });
    const paths = [await work.write(text), await work.write(text)];
    expect(await host.files.list("/spare")).toHaveLength(3);
    expect(new TextDecoder().decode(await host.files.readFile(paths[1] ?? "", 10))).toBe("text");
    expect(modes).toEqual([0o600, 0o600]);
    await work.close();
    expect(await host.files.list("/spare")).toEqual(["mine"]);
  });

  it("write() works in /var/tmp where nothing is said, and in /tmp where there is none", async () => {
    const [usual, bare] = [memoryHost({ files: { "/var/tmp/mine": "" } }), memoryHost()];
    expect(await openWorkFiles(usual).write(text)).toContain("/var/tmp/.ocidex-");
    expect(await openWorkFiles(bare).write(text)).toMatch(/^\/tmp\/\.ocidex-/);
  });

  it("write() sweeps away what a crash left more than a day ago", async () => {
    const host = memoryHost({ clock: memoryClock(Date.now()), variables: { TMPDIR: "/spare" }, files: { "/spare/.ocidex-0.tmp": "old", "/spare/mine": "" } });
    await host.clock.sleep(25 * 3_600_000);
    await openWorkFiles(host).write(text);
    expect(await host.files.list("/spare")).not.toContain(".ocidex-0.tmp");
    expect(await host.files.list("/spare")).toHaveLength(2);
  });

  it("write() leaves nothing of a stream that fails, or that its signal ends while nothing comes", async () => {
    const host = memoryHost({ variables: { TMPDIR: "/spare" }, files: { "/spare/mine": "" } });
    const work = openWorkFiles(host);
    const broken = async function* () {
      yield encodeUtf8("begin");
      throw new Error("cut off");
    };
    await expect(work.write(async () => streamOf(broken()))).rejects.toThrow("cut off");
    const controller = new AbortController();
    let cancelled = false;
    const silent = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: () => {
        controller.abort(new Error("enough"));
        return new Promise(() => {});
      },
      cancel: () => void (cancelled = true),
    });
    await expect(work.write(async () => silent, { signal: controller.signal })).rejects.toThrow("enough");
    expect(cancelled).toBe(true);
    expect(await host.files.list("/spare")).toEqual(["mine"]);
  });

  it("makeDirectory() makes directories for this user alone, of which nothing is left when they are not filled, or at the end", async () => {
    const host = memoryHost({ variables: { TMPDIR: "/spare" }, files: { "/spare/mine": "" } });
    const modes: unknown[] = [];
    const createDirectory: typeof host.files.createDirectory = (path, options) => {
      modes.push(options?.mode);
      return host.files.createDirectory(path, options);
    };
    const work = openWorkFiles({ ...host, files: { ...host.files, createDirectory } });
    const fill = async (path: string): Promise<void> => (await host.files.create(`${path}/in`)).close();
    const path = await work.makeDirectory(fill);
    expect([await host.files.list(path), modes]).toEqual([["in"], [0o700]]);
    const broken = work.makeDirectory(async (made) => {
      await fill(made);
      throw new Error("half way");
    });
    await expect(broken).rejects.toThrow("half way");
    expect(await host.files.list("/spare")).toHaveLength(2);
    await work.close();
    expect(await host.files.list("/spare")).toEqual(["mine"]);
  });
});
