import { describe, expect, it } from "bun:test";
import { createList, openLists, pushList } from "../../src/core/list/mod.ts";
import type { Fetch } from "../../src/core/port/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { testClock } from "../helper/clock.ts";
import { seedImage, startRegistry, type TestRegistry } from "../helper/registry.ts";

/** Digests of the blobs that were sent. */
const sentBlobs = ({ requests }: TestRegistry): readonly string[] =>
  requests.flatMap(({ method, path, size }) => (method === "PUT" && path.includes("/uploads/") && size > 0 ? [digestIn(path)] : []));
const digestIn = (path: string): string => new URL(path, "http://registry").searchParams.get("digest") ?? "";

/** Makes requests until the process dies: from then on nothing is sent, and nobody hears of an answer. */
function mortal(fetch: Fetch, life: (url: string, method: string) => boolean): { readonly fetch: Fetch; readonly dead: Promise<void> } {
  let die = (): void => {};
  const dead = new Promise<void>((resolve) => {
    die = resolve;
  });
  let isAlive = true;
  const open = new Set<Promise<Response>>();
  return {
    // What is on its way arrives, as it may when a process is killed.
    dead: dead.then(async () => void (await Promise.allSettled(open))),
    fetch: async (url, init = {}) => {
      if (isAlive && !life(url, init.method ?? "GET")) {
        isAlive = false;
        die();
      }
      if (!isAlive) return await new Promise(() => {});
      const sent = fetch(url, init);
      open.add(sent);
      const response = await sent.finally(() => open.delete(sent));
      return isAlive ? response : await new Promise(() => {});
    },
  };
}

describe("pushList() after a push that was killed", () => {
  for (const layerSize of [1000, 2_000_000]) {
    for (const after of [1, 5, 12]) {
      it(`sends no blob of ${layerSize} bytes twice that arrived, killed after ${after} blobs`, async () => {
        const [from, to] = await Promise.all([startRegistry(), startRegistry()]);
        try {
          const images = ["amd64", "arm64", "s390x", "riscv64"].map((architecture) => {
            seedImage(from, "parts", architecture, { platform: `linux/${architecture}`, layers: 3, layerSize });
            return `docker://${from.host}/parts:${architecture}`;
          });
          const { fetch } = await currentHost();
          const host = memoryHost({ fetch, clock: testClock() });
          const open = (own: Fetch) => openLists({ ...host, fetch: own }, { root: "/lists", verifyTls: false });
          await createList(open(fetch), "app", { images });
          let puts = 0;
          const first = mortal(fetch, (url, method) => method !== "PUT" || !url.includes("/uploads/") || ++puts <= after);
          pushList(open(first.fetch), "app", [`docker://${to.host}/app:1`]).catch(() => {});
          await first.dead;
          const arrived = new Set(to.repository("app").blobs.keys());
          expect(arrived.size).toBeGreaterThan(0);
          to.clear();
          await pushList(open(fetch), "app", [`docker://${to.host}/app:1`]);
          expect(sentBlobs(to).filter((digest) => arrived.has(digest))).toEqual([]);
          expect(to.repository("app").blobs.size).toBe(16);
          expect(sentBlobs(to)).toHaveLength(16 - arrived.size);
        } finally {
          await Promise.all([from.stop(), to.stop()]);
        }
      });
    }
  }
});
