import fc from "fast-check";
import type { Bytes } from "../../src/core/base/mod.ts";
import { type Descriptor, type Digest, isImageIndex, type ManifestDocument } from "../../src/core/spec/mod.ts";
import { addDocument, addImage, documentOf, indexOf } from "./content.ts";

/** What {@linkcode addGraph} makes a graph of. */
export type Shape = readonly (readonly number[])[];

/** Any shape of a small graph. */
export const shapes: fc.Arbitrary<Shape> = fc.array(fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 });

/** Adds a graph to `contents`: each number picks what a node is made of, so that layers and whole images come up again. Returns an index of the last three nodes. */
export function addGraph(contents: Map<Digest, Bytes>, shape: Shape): ManifestDocument {
  const documents: ManifestDocument[] = [];
  for (const [at, picks] of shape.entries()) {
    const children = [...new Set(picks.map((pick) => documents[pick % (at + 1)]).filter((child) => child !== undefined))];
    const isIndex = at % 3 === 2 && children.length > 0;
    documents.push(
      isIndex
        ? addDocument(contents, indexOf(children.map((child) => child.descriptor)))
        : addImage(
            contents,
            `image ${at % 4}`,
            picks.map((pick) => `layer ${pick}`),
          ),
    );
  }
  return documentOf(indexOf(documents.slice(-3).map((document) => document.descriptor)));
}

/** Returns what a manifest or index refers to. */
export function childrenOf({ value }: ManifestDocument): readonly Descriptor[] {
  return isImageIndex(value) ? value.manifests : [value.config, ...value.layers];
}
