import { describe, expect, it } from "bun:test";
import { takeTurn } from "../../src/core/store/turn.ts";
import { memoryHost } from "../../src/host/memory.ts";

const directory = "/lists/one";

/** Returns tools on which a pause takes no time: `asked` sums up what was asked for, and `meanwhile` is what others do in it. */
async function setUp(meanwhile: (at: number) => Promise<void> = async () => {}) {
  const { files, random, clock } = memoryHost();
  await files.makeDirectory(directory);
  const pauses: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds);
    await meanwhile(pauses.length);
  };
  const held = { status: undefined as number | undefined };
  const status: typeof files.status = async (path, options) => {
    const found = await files.status(path, options);
    return found && held.status !== undefined ? { ...found, modified: held.status } : found;
  };
  const asked = (from = 0): number => pauses.slice(from).reduce((sum, pause) => sum + pause, 0);
  return { tools: { files: { ...files, status }, random, clock: { ...clock, sleep } }, files, held, asked };
}

describe("takeTurn()", () => {
  it("gives the turn at once where nobody has it, and again when it has ended", async () => {
    const { tools, asked } = await setUp();
    await (await takeTurn(tools, directory))();
    await (await takeTurn(tools, directory))();
    expect(asked()).toBe(0);
  });

  it("takes the turn from one that died after more than half a second, and soon after", async () => {
    const { tools, files, held, asked } = await setUp();
    await takeTurn(tools, directory);
    held.status = 1;
    await takeTurn(tools, directory);
    expect(asked()).toBeGreaterThan(500);
    expect(asked()).toBeLessThan(1200);
    expect(await files.list(directory)).toEqual(["turn"]);
  });

  it("takes it within four seconds after a crowd too", async () => {
    const crowd = 100;
    const { tools, held, asked } = await setUp(async (at) => void (held.status = Math.min(at, crowd)));
    await takeTurn(tools, directory);
    held.status = 0;
    await takeTurn(tools, directory);
    expect(asked(crowd)).toBeGreaterThan(500);
    expect(asked(crowd)).toBeLessThan(4000);
  });

  it("ends the waiting when the signal fires", async () => {
    const controller = new AbortController();
    const { tools } = await setUp(async () => controller.abort(new Error("called off")));
    await takeTurn(tools, directory);
    await expect(takeTurn(tools, directory, controller.signal)).rejects.toThrow("called off");
  });
});
