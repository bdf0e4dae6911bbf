import { afterEach, describe, expect, test } from "bun:test";
import { openCache } from "../../../src/core/content/mod.ts";
import { memoryHost } from "../../../src/host/memory.ts";
import { startRegistry, type TestRegistry } from "../../helper/registry.ts";
import { blobOf, clientFor, userStore } from "./setting.ts";

const big = "x".repeat(1_200_000);
const running: TestRegistry[] = [];
afterEach(async () => void (await Promise.all(running.splice(0).map((registry) => registry.stop()))));

/** A registry, and runs of a program that share a cache. */
async function open(options: Parameters<typeof startRegistry>[0] = {}) {
  const registry = await startRegistry(options);
  running.push(registry);
  const host = memoryHost();
  const run = async (repository: string, user?: typeof userStore) => {
    const { place } = await clientFor(registry, { cache: openCache(host, "/cache"), ...(user && { credentials: user }) });
    registry.requests.length = 0;
    const { descriptor, open } = blobOf(big);
    const outcome = await place(repository).target.putBlob(descriptor, open);
    return [
      outcome,
      registry.requests.map(({ method, path }) => `${method}${path.includes("mount=") ? ` from ${/from=(.*)$/.exec(path)?.[1]}` : ""}`).join(", "),
    ];
  };
  return { registry, run };
}

describe("where an earlier run has left a blob", () => {
  test("is where the next one mounts it from, instead of sending it", async () => {
    const { run } = await open();
    expect(await run("first")).toEqual(["copied", "HEAD, POST, PUT"]);
    expect(await run("second")).toEqual(["mounted", "POST from first"]);
    expect(await run("second")).toEqual(["exists", "HEAD"]);
  });

  test("is believed only as long as the registry agrees", async () => {
    const { registry, run } = await open();
    await run("first");
    registry.repository("first").blobs.clear();
    expect(await run("second")).toEqual(["copied", "POST from first, HEAD, PUT"]);
  });

  test("is told to nobody else", async () => {
    const { run } = await open();
    await run("first");
    expect(await run("second", userStore)).toEqual(["copied", "HEAD, POST, PUT"]);
  });
});
