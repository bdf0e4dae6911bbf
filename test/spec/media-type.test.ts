import { describe, expect, it } from "bun:test";
import {
  isConfigMediaType,
  isDockerMediaType,
  isIndexMediaType,
  isManifestDescriptor,
  isManifestMediaType,
  manifestMediaTypes,
  mediaTypes,
  normaliseMediaType,
} from "../../src/core/spec/mod.ts";

describe("manifestMediaTypes", () => {
  it("is every index and every manifest, and nothing twice", () => {
    expect(manifestMediaTypes.filter((type) => isIndexMediaType(type)).length).toBe(2);
    expect(manifestMediaTypes.filter((type) => isManifestMediaType(type)).length).toBe(2);
    expect(new Set(manifestMediaTypes).size).toBe(4);
  });
});

describe("isConfigMediaType()", () => {
  it("knows configs that record a platform", () => {
    expect([mediaTypes.ociConfig, mediaTypes.dockerConfig].every(isConfigMediaType)).toBe(true);
    expect(isConfigMediaType(mediaTypes.ociEmpty)).toBe(false);
  });
});

describe("isDockerMediaType()", () => {
  it("goes by the vendor", () => {
    expect(isDockerMediaType(mediaTypes.dockerLayerGzip)).toBe(true);
    expect(isDockerMediaType(mediaTypes.ociLayer)).toBe(false);
  });
});

describe("normaliseMediaType()", () => {
  it.each([
    ["Application/JSON; charset=utf-8", "application/json"],
    [" a/b ;x", "a/b"],
    ["", ""],
  ])("makes of %j %j", (text, expected) => expect(normaliseMediaType(text)).toBe(expected));

  it("reads 64 KiB in one pass", () => {
    expect(normaliseMediaType(`${" ".repeat(65_536)}a`)).toBe("a");
    expect(normaliseMediaType(";".repeat(65_536))).toBe("");
  });
});

describe("isManifestDescriptor()", () => {
  it("takes indexes, lists and image manifests for manifests, and nothing else", () => {
    const { ociIndex, dockerList, ociManifest, dockerManifest, ociConfig, ociLayer } = mediaTypes;
    const types = [ociIndex, dockerList, ociManifest, dockerManifest, ociConfig, ociLayer, ""];
    expect(types.map((mediaType) => isManifestDescriptor({ mediaType }))).toEqual([true, true, true, true, false, false, false]);
  });
});
