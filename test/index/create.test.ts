import { describe, expect, it } from "bun:test";
import { createIndex } from "../../src/core/index/mod.ts";
import { emptyDescriptor, mediaTypes } from "../../src/core/spec/mod.ts";

describe("createIndex()", () => {
  it("is an OCI index without entries and without maps", () => {
    expect(createIndex()).toEqual({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
    expect(Object.keys(createIndex()).length).toBe(3);
  });

  it("takes what it is told", () => {
    const init = { mediaType: mediaTypes.dockerList, manifests: [emptyDescriptor] };
    expect(createIndex(init)).toEqual({ schemaVersion: 2, ...init });
    expect(createIndex({ subject: emptyDescriptor, artifactType: "a/b", annotations: { a: "b" } })).toEqual({
      ...createIndex(),
      subject: emptyDescriptor,
      artifactType: "a/b",
      annotations: { a: "b" },
    });
  });
});
