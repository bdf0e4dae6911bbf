import { describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, OciError, streamOf } from "../../src/core/base/mod.ts";
import { publishFile, sweepTemporaries, temporaryName } from "../../src/core/content/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { noting } from "../helper/noting.ts";

const random = memoryRandom();
const hostWith = (files: Readonly<Record<string, string>> = {}) => memoryHost({ files: { "/dir/other": "", ...files }, clock: memoryClock(), random });
const textOf = async (files: FileSystem, path: string) => new TextDecoder().decode(await files.readFile(path, 1000));
const code = (code: string) => expect.objectContaining({ code });

describe("publishFile()", () => {
  it("brings the file to the disk before it gets its name, and the name after", async () => {
    const { files, calls } = noting(hostWith().files);
    await publishFile(files, "/dir/a", encodeUtf8("text"), { random });
    expect(calls.map(({ name }) => name)).toEqual(["create", "write", "sync", "close", "rename", "syncDirectory"]);
    expect(calls.slice(4).map(({ path }) => path)).toEqual(["/dir/a", "/dir"]);
    expect(await textOf(files, "/dir/a")).toBe("text");
    expect(await files.list("/dir")).toEqual(["a", "other"]);
  });

  it("lets everybody read the file, unless it is given other permissions", async () => {
    const { files, calls } = noting(hostWith().files);
    await publishFile(files, "/dir/a", encodeUtf8("text"), { random });
    await publishFile(files, "/dir/b", encodeUtf8("text"), { random, mode: 0o600 });
    expect(calls.flatMap(({ mode }) => mode ?? [])).toEqual([0o644, 0o600]);
  });

  it("replaces a file, unless it is exclusive", async () => {
    const { files } = hostWith({ "/dir/a": "old" });
    await expect(publishFile(files, "/dir/a", encodeUtf8("new"), { random, exclusive: true })).rejects.toEqual(code("EXISTS"));
    expect(await textOf(files, "/dir/a")).toBe("old");
    await publishFile(files, "/dir/a", encodeUtf8("new"), { random });
    expect(await textOf(files, "/dir/a")).toBe("new");
    await publishFile(files, "/dir/b", encodeUtf8("first"), { random, exclusive: true });
    expect(await files.list("/dir")).toEqual(["a", "b", "other"]);
  });

  it("leaves nothing when its stream breaks", async () => {
    const { files } = hostWith();
    const broken = async function* (): AsyncGenerator<Bytes> {
      yield encodeUtf8("half");
      throw new Error("the line broke");
    };
    await expect(publishFile(files, "/dir/a", streamOf(broken()), { random })).rejects.toThrow("the line broke");
    expect(await files.list("/dir")).toEqual(["other"]);
  });

  it("leaves nothing and cancels its stream when the signal fires while the source is silent", async () => {
    const { files } = hostWith();
    const controller = new AbortController();
    const reasons: unknown[] = [];
    const silent = new ReadableStream<Bytes>({ pull: () => controller.abort("enough"), cancel: (reason) => void reasons.push(reason) }, { highWaterMark: 0 });
    await expect(publishFile(files, "/dir/a", silent, { random, signal: controller.signal })).rejects.toBe("enough");
    expect(reasons).toEqual(["enough"]);
    expect(await files.list("/dir")).toEqual(["other"]);
  });

  for (const step of ["create", "write", "sync", "close", "rename"] as const) {
    it(`leaves nothing and keeps the old file when ${step} fails`, async () => {
      const { files } = hostWith({ "/dir/a": "old" });
      const fail = async () => {
        throw new OciError("IO", `Cannot ${step}: ENOSPC`);
      };
      const failing: FileSystem = {
        ...files,
        create: async (path) => (step === "create" ? fail() : { ...(await files.create(path)), ...(step !== "rename" && { [step]: fail }) }),
        ...(step === "rename" && { rename: fail }),
      };
      await expect(publishFile(failing, "/dir/a", encodeUtf8("new"), { random })).rejects.toThrow("ENOSPC");
      expect(await files.list("/dir")).toEqual(["a", "other"]);
      expect(await textOf(files, "/dir/a")).toBe("old");
    });
  }
});

describe("sweepTemporaries()", () => {
  it("takes away what is older than a day and has a name of its own", async () => {
    const clock = memoryClock();
    const host = memoryHost({
      files: { [`/dir/${temporaryName(random)}`]: "old", [`/dir/${temporaryName(random)}/below`]: "old", "/dir/.other.tmp": "" },
      clock,
    });
    const { files } = host;
    await clock.sleep(24 * 60 * 60 * 1000 + 1);
    const fresh = temporaryName(random);
    await (await files.create(`/dir/${fresh}`)).close();
    await sweepTemporaries(host, "/dir");
    expect(await files.list("/dir")).toEqual([fresh, ".other.tmp"].sort());
    await sweepTemporaries(host, "/missing");
  });

  it("leaves what is another user's, who could swap what is in it meanwhile", async () => {
    const clock = memoryClock();
    const [mine, theirs] = [temporaryName(random), temporaryName(random)];
    const { files, ...host } = memoryHost({ files: { [`/dir/${mine}/d/x`]: "", [`/dir/${theirs}/d/x`]: "" }, clock, environment: { user: 0 } });
    await clock.sleep(25 * 60 * 60 * 1000);
    const status: FileSystem["status"] = async (path, options) => {
      const found = await files.status(path, options);
      return found && { ...found, owner: path.includes(theirs) ? 1000 : 0 };
    };
    await sweepTemporaries({ ...host, files: { ...files, status } }, "/dir");
    expect(await files.list("/dir")).toEqual([theirs]);
  });
});
