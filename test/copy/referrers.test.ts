import { describe, expect, it } from "bun:test";
import { createPool } from "../../src/core/base/mod.ts";
import { newDocument } from "../../src/core/content/mod.ts";
import { findReferrers } from "../../src/core/copy/mod.ts";
import type { ContentSource } from "../../src/core/port/mod.ts";
import { type Digest, emptyDescriptor, type ManifestDocument, mediaTypes } from "../../src/core/spec/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { failureOf } from "../helper/lists.ts";

const { hash } = memoryHost();

/** Returns a chain of manifests, each of which refers to the one before. */
function chainOf(length: number): readonly ManifestDocument[] {
  const chain: ManifestDocument[] = [];
  for (let at = 0; at < length; at++) {
    const subject = chain.at(-1)?.descriptor;
    const value = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: emptyDescriptor, layers: [], annotations: { at: `${at}` } } as const;
    chain.push(newDocument(hash, { ...value, ...(subject && { subject }) }));
  }
  return chain;
}

/** A source that says of every manifest of `documents` what refers to it, and to the last one of all what `last` says. */
function sourceOf(documents: readonly ManifestDocument[], last: readonly ManifestDocument[] = []): ContentSource {
  const none = () => Promise.reject(new Error("not asked"));
  const find = (digest: Digest) => documents.findIndex(({ descriptor }) => descriptor.digest === digest);
  return {
    name: "test",
    resolve: none,
    describe: none,
    smallBlob: none,
    blob: none,
    manifest: async ({ digest }) => documents[find(digest)] ?? none(),
    referrers: async (subject) => {
      const next = documents[find(subject) + 1];
      return next ? [{ descriptor: next.descriptor }] : last.map(({ descriptor }) => ({ descriptor, tag: "circle" }));
    },
  };
}

async function search(documents: readonly ManifestDocument[], last?: readonly ManifestDocument[]) {
  const [first] = documents;
  if (first === undefined) throw new Error("no documents");
  const source = sourceOf(documents, last);
  return findReferrers([{ descriptor: first.descriptor, source }], { pool: createPool(2), report: () => {} });
}

describe("findReferrers()", () => {
  it("follows what refers to what refers to a subject for 10 levels", async () => {
    const chain = chainOf(11);
    expect((await search(chain)).map(({ descriptor }) => descriptor.digest)).toEqual(chain.slice(1).map(({ descriptor }) => descriptor.digest));
  });

  it("fails for an eleventh", async () => {
    expect((await failureOf(search(chainOf(12)))).code).toBe("LIMIT");
  });

  it("leaves out what it is told, with what refers to that, and asks of what a tag names nothing", async () => {
    const chain = chainOf(5);
    const [first, ...others] = chain;
    if (first === undefined) throw new Error("no documents");
    const search = (source: ContentSource, isLeft: NonNullable<Parameters<typeof findReferrers>[1]["isLeft"]>) =>
      findReferrers([{ descriptor: first.descriptor, source }], { pool: createPool(2), report: () => {}, isLeft });
    const found = await search(sourceOf(chain), (_, manifest) => manifest?.annotations?.at === "3");
    expect(found.map(({ descriptor }) => descriptor.digest)).toEqual(others.slice(0, 2).map(({ descriptor }) => descriptor.digest));
    const tagged = await search(sourceOf(chain.slice(0, 1), others), ({ tag }, manifest) => tag === "circle" && manifest === undefined);
    expect(tagged).toEqual([]);
  });

  it("ends where a source goes round in a circle", async () => {
    const chain = chainOf(3);
    expect(await search(chain, chain.slice(0, 2))).toHaveLength(4);
  });

  it("says that a source cannot tell", async () => {
    const [first] = chainOf(1);
    if (first === undefined) throw new Error("no document");
    const { referrers: _, ...source } = sourceOf([first]);
    const failure = await failureOf(findReferrers([{ descriptor: first.descriptor, source }], { pool: createPool(1), report: () => {} }));
    expect([failure.code, failure.message]).toEqual(["UNSUPPORTED", expect.stringContaining('"test" does not tell')]);
  });
});
