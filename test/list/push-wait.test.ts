import { describe, expect, it } from "bun:test";
import { createList, pushList } from "../../src/core/list/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { testClock } from "../helper/clock.ts";
import { failureOf, openDesk } from "../helper/lists.ts";
import { type Fault, type SeenRequest, startRegistry, type TestRegistry } from "../helper/registry.ts";

/** Pushes to a registry whose tags become visible late: `fault` answers questions about the tag after the write. */
async function withLate(fault: (asked: number, request: SeenRequest) => Fault | undefined, task: (setting: Setting) => Promise<void>): Promise<void> {
  let isWritten = false;
  let asked = 0;
  const registry = await startRegistry({
    fault: (request) => {
      if (request.method === "PUT" && request.path.endsWith("/manifests/1")) isWritten = true;
      return isWritten && request.method !== "PUT" && request.path.endsWith("/manifests/1") ? fault(asked++, request) : undefined;
    },
  });
  const clock = testClock();
  const { fetch } = await currentHost();
  const desk = openDesk({ fetch, clock, lists: { verifyTls: false, retries: 0 } });
  const { digest } = await createList(desk.lists, "app");
  try {
    await task({ ...desk, clock, registry, digest, destination: `docker://${registry.host}/app:1` });
  } finally {
    await registry.stop();
  }
}

interface Setting extends ReturnType<typeof openDesk> {
  readonly clock: ReturnType<typeof testClock>;
  readonly registry: TestRegistry;
  readonly digest: string;
  readonly destination: string;
}

describe("pushList() with wait", () => {
  it("asks again, with pauses that grow, until the tag leads to the digest", () =>
    withLate(
      // Each look is a HEAD, and a GET where that finds nothing.
      (asked) => (asked < 14 ? 404 : undefined),
      async ({ lists, clock, destination }) => {
        await pushList(lists, "app", [destination], { wait: 60_000, digestFile: "/digest" });
        expect(clock.waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
        expect(await lists.host.files.status("/digest")).toBeDefined();
      },
    ));

  it("does not wait where the tag can be read at once, in a layout or directory neither", () =>
    withLate(
      () => undefined,
      async ({ lists, clock, destination, registry }) => {
        await pushList(lists, "app", [destination, "oci:/out:1", "dir:/dir"], { wait: 60_000 });
        expect(clock.waits).toEqual([]);
        expect(registry.requests.map(({ method }) => method)).toEqual(["PUT", "HEAD"]);
      },
    ));

  it("fails when the time is over, says what it saw, and writes no file", () =>
    withLate(
      () => 404,
      async ({ lists, clock, destination, digest }) => {
        const failure = await failureOf(pushList(lists, "app", [destination], { wait: 2000, digestFile: "/digest" }));
        const name = destination.slice("docker://".length);
        expect(failure.message).toBe(`Cannot read "docker://${name}" after the push: it cannot be found after 2 s, expected ${digest}`);
        expect(failure.code).toBe("LIMIT");
        expect(clock.waits.reduce((sum, wait) => sum + wait, 0)).toBe(2000);
        expect(await lists.host.files.status("/digest")).toBeUndefined();
      },
    ));

  it("counts an older digest as not yet", () => {
    const old = `sha256:${"0".repeat(64)}`;
    const headers = { "content-type": "application/vnd.oci.image.index.v1+json", "docker-content-digest": old, "content-length": "7" };
    return withLate(
      () => ({ status: 200, headers }),
      async ({ lists, destination }) => {
        const failure = await failureOf(pushList(lists, "app", [destination], { wait: 1000 }));
        expect(failure.message).toContain(`it still is ${old} after 1 s`);
      },
    );
  });

  it("fails at once where the registry refuses", () =>
    withLate(
      () => 403,
      async ({ lists, clock, destination }) => {
        expect((await failureOf(pushList(lists, "app", [destination], { wait: 1000 }))).code).toBe("DENIED");
        expect(clock.waits).toEqual([]);
      },
    ));
});
