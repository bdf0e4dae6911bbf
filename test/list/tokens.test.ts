import { describe, expect, it } from "bun:test";
import { createList, openLists, pushList } from "../../src/core/list/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { seedImage, startRegistry, type TestRegistry } from "../helper/registry.ts";

const scopesOf = ({ tokenRequests }: TestRegistry): readonly string[] =>
  tokenRequests.map(({ path }) => new URL(path, "http://token").searchParams.getAll("scope").sort().join(" ")).sort();

describe("64 images of one registry at the same time", () => {
  for (const latency of [0, 20]) {
    it(`cost one token for each scope, with ${latency} ms to wait for every answer`, async () => {
      const registry = await startRegistry({ auth: "bearer", latency });
      try {
        const images = Array.from({ length: 64 }, (_, at) => {
          seedImage(registry, "parts", `v${at}`, { platform: `linux/arm/v${at}` });
          return `docker://${registry.host}/parts:v${at}`;
        });
        const { fetch } = await currentHost();
        const lists = openLists(memoryHost({ fetch }), { root: "/lists", verifyTls: false, credentials: "user:secret", concurrency: 64 });
        await createList(lists, "app", { images });
        expect(scopesOf(registry)).toEqual(["repository:parts:pull"]);
        await pushList(lists, "app", [`docker://${registry.host}/app:1`]);
        expect(scopesOf(registry)).toEqual(["repository:app:pull,push", "repository:app:pull,push repository:parts:pull", "repository:parts:pull"]);
        expect(registry.repository("app").manifests.size).toBe(65);
      } finally {
        await registry.stop();
      }
    });
  }
});
