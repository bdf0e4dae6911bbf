import { describe, expect, it } from "bun:test";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { testFileSystem } from "../contract/file-system.ts";
import { testCompression, testRuntime } from "../contract/runtime.ts";

testFileSystem("memoryHost()", async () => {
  const { files } = memoryHost();
  await files.makeDirectory("/play");
  return { files, directory: "/play", close: () => files.remove("/play") };
});
testRuntime("memoryHost()", memoryHost);
testCompression("memoryHost()", memoryHost, { web: true });

describe("memoryHost()", () => {
  it("begins with the given files and makes the directories above them", async () => {
    const { files } = memoryHost({ files: { "/a/b/c": "text", d: new Uint8Array([1]) } });
    expect(await files.list("/")).toEqual(["a", "d"]);
    expect(new TextDecoder().decode(await files.readFile("/a/b/c", 10))).toBe("text");
  });

  it("remembers what was printed and reads the given input", async () => {
    const host = memoryHost({ input: "typed" });
    await host.terminal.write("out");
    await host.terminal.writeError("err");
    expect([host.output(), host.errors()]).toEqual(["out", "err"]);
    expect(new TextDecoder().decode(await host.terminal.readInput(5))).toBe("typed");
    await expect(host.terminal.readInput(4)).rejects.toThrow("larger than 4 bytes");
  });

  it("lets a person type, and shows nothing of a secret", async () => {
    const { terminal, errors } = memoryHost({ answers: ["me", "CANARY"] });
    expect([await terminal.ask("Name: "), await terminal.ask("Password: ", { isSecret: true }), await terminal.ask("More: ")]).toEqual([
      "me",
      "CANARY",
      undefined,
    ]);
    expect(errors()).toBe("Name: me\nPassword: \nMore: \n");
    await expect(terminal.ask("?", { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    expect(await memoryHost().terminal.ask("Name: ")).toBe(undefined);
  });

  it("takes variables and platform, and treats an empty variable as absent", () => {
    const { environment } = memoryHost({ variables: { A: "1", B: "" }, environment: { architecture: "arm64", home: "/home/me" } });
    expect([environment.get("A"), environment.get("B"), environment.architecture, environment.home]).toEqual(["1", undefined, "arm64", "/home/me"]);
  });

  it("runs no commands unless it is given some", async () => {
    const limits = { timeout: 1, maximumOutput: 1 };
    await expect(memoryHost().run(["ls"], limits)).rejects.toThrow('Cannot run "ls"');
  });
});

describe("memoryClock()", () => {
  it("runs only while something sleeps", async () => {
    const clock = memoryClock(1000);
    expect([clock.now(), clock.monotonic()]).toEqual([1000, 0]);
    await clock.sleep(50);
    expect([clock.now(), clock.monotonic()]).toEqual([1050, 50]);
  });
});

describe("memoryRandom()", () => {
  it("repeats itself for the same seed and differs for another", () => {
    const [first, second, third] = [memoryRandom(7), memoryRandom(7), memoryRandom(8)].map((random) => [...random.bytes(16), random.number()]);
    expect(second).toEqual(first ?? []);
    expect(third).not.toEqual(first ?? []);
  });
});
