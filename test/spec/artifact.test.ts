import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { createArtifactManifest, emptyDescriptor, encodeImageManifest, mediaTypes, parseManifest } from "../../src/core/spec/mod.ts";
import * as arbitrary from "../helper/arbitrary.ts";

describe("createArtifactManifest()", () => {
  it("makes the artifact without content that image-spec shows", () => {
    expect(createArtifactManifest({ artifactType: "application/vnd.example+type" })).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: "application/vnd.example+type",
      config: emptyDescriptor,
      layers: [emptyDescriptor],
    });
  });

  it("gives the type of unknown artifacts, or with an empty one none", () => {
    expect(createArtifactManifest().artifactType).toBe("application/vnd.unknown.artifact.v1");
    expect(createArtifactManifest({ artifactType: "" })).not.toHaveProperty("artifactType");
  });

  it.each(["sbom", "a/b/c", "text/plain; charset=utf-8"])("refuses the type %j, which is no media type", (artifactType) => {
    expect(() => createArtifactManifest({ artifactType })).toThrow("Cannot read media type");
  });

  it("leaves empty annotations out", () => {
    expect(createArtifactManifest({ annotations: {} })).not.toHaveProperty("annotations");
  });

  it("gives bytes that are read back as the same manifest", () => {
    const descriptor = fc.record({ mediaType: fc.constant("a/b"), digest: arbitrary.digest, size: fc.nat(), annotations: arbitrary.annotations });
    const init = fc.record(
      {
        artifactType: fc.constantFrom("", "a/b"),
        config: descriptor,
        layers: fc.array(descriptor, { maxLength: 3 }),
        subject: descriptor,
        annotations: arbitrary.annotations,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(init, (parts) => {
        const manifest = createArtifactManifest(parts);
        expect(parseManifest(encodeImageManifest(manifest))).toEqual(manifest);
      }),
    );
  });
});
