import { describe, expect, it } from "bun:test";
import { createHash } from "node:crypto";
import { addToList, annotateList, annotateListEntries, createList, removeFromList } from "../../src/core/list/mod.ts";
import type { Host } from "../../src/core/port/mod.ts";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { indexOfList, openDesk, putIndex } from "../helper/lists.ts";

/** What verbs cost: files made, bytes written, bytes hashed. */
interface Cost {
  files: number;
  written: number;
  hashed: number;
}

function counting(host: Host, cost: Cost): Host {
  return {
    ...host,
    hash: (algorithm) => {
      const hash = createHash(algorithm);
      return {
        update(bytes) {
          cost.hashed += bytes.length;
          hash.update(bytes);
        },
        digest: () => hash.digest("hex"),
      };
    },
    files: {
      ...host.files,
      create: async (path, options) => {
        const writer = await host.files.create(path, options);
        cost.files++;
        return {
          ...writer,
          write: (bytes) => {
            cost.written += bytes.length;
            return writer.write(bytes);
          },
        };
      },
    },
  };
}

/** Returns what each verb costs on an index of `size` entries, half of them attestations. */
async function costsOf(size: number): Promise<Readonly<Record<string, Cost>>> {
  const cost: Cost = { files: 0, written: 0, hashed: 0 };
  const { host, lists } = openDesk({ wrap: (memory) => counting(memory, cost) });
  const digests = Array.from({ length: size }, (_, at) => `sha256:${at.toString(16).padStart(64, "0")}` as const);
  const manifests = digests.map((digest, at) => ({
    mediaType: mediaTypes.ociManifest,
    digest,
    size: 7,
    ...(at % 2 === 1 && { annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": `${digests[at - 1]}` } }),
    platform: { architecture: at % 2 === 1 ? "unknown" : "amd64", os: at % 2 === 1 ? "unknown" : "linux", ...(at % 2 === 0 && { variant: `v${at}` }) },
  }));
  await putIndex(host, "oci:/big:1", { manifests });
  const costs: Record<string, Cost> = {};
  const measure = async (name: string, verb: Promise<unknown>): Promise<void> => {
    await verb;
    costs[name] = { ...cost };
    Object.assign(cost, { files: 0, written: 0, hashed: 0 });
  };
  Object.assign(cost, { files: 0, written: 0, hashed: 0 });
  await measure("create", createList(lists, "app", { images: ["oci:/big:1"], all: true }));
  await measure("add again", addToList(lists, "app", ["oci:/big:1"], { all: true, annotations: { a: "1" } }));
  await measure("annotate", annotateList(lists, "app", { annotations: { a: "1" } }));
  await measure("annotate entry", annotateListEntries(lists, "app", [`linux/amd64/v${size - 2}`], { annotations: { b: "2" } }));
  await measure("annotate at a location", annotateList(lists, "oci:/big:1", { annotations: { a: "1" } }));
  const index = await indexOfList(lists, "app");
  expect(index.manifests).toHaveLength(size);
  expect(index.manifests.at(-2)?.annotations).toEqual({ a: "1", b: "2" });
  await measure("remove", removeFromList(lists, "app", [`linux/amd64/v${size - 2}`], { attestations: true }));
  expect((await indexOfList(lists, "app")).manifests).toHaveLength(size - 2);
  return costs;
}

describe("every edit of an index of 10 000 entries", () => {
  it("ends, writes as many files as one of a hundred, and writes and hashes in proportion", async () => {
    const [small, large] = [await costsOf(100), await costsOf(10_000)];
    expect(Object.keys(large)).toEqual(Object.keys(small));
    for (const [verb, cost] of Object.entries(large)) {
      const before = small[verb] ?? { files: 0, written: 0, hashed: 0 };
      expect([verb, cost.files]).toEqual([verb, before.files]);
      expect([verb, cost.written < before.written * 110, cost.hashed < before.hashed * 110]).toEqual([verb, true, true]);
      expect(cost.hashed).toBeGreaterThan(0);
    }
  }, 120_000);
});
