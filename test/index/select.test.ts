import { describe, expect, it } from "bun:test";
import { createIndex, selectPlatform, type WantedPlatform } from "../../src/core/index/mod.ts";
import { type Descriptor, mediaTypes, type Platform } from "../../src/core/spec/mod.ts";

const host: WantedPlatform = { os: "linux", architecture: "amd64" };
const platformOf = (text: string): Platform => {
  const [os = "", architecture = "", variant] = text.split("/");
  return { os, architecture, ...(variant !== undefined && { variant }) };
};
const entriesOf = (texts: readonly string[]): readonly Descriptor[] =>
  texts.map((text, at) => ({
    mediaType: "a/b",
    digest: `sha256:${at.toString(16).padStart(64, "0")}`,
    size: at,
    ...(text !== "" && { platform: platformOf(text) }),
  }));

function chosen(texts: readonly string[], wanted: WantedPlatform, by: WantedPlatform = host): string | undefined {
  const manifests = entriesOf(texts);
  const entry = selectPlatform(createIndex({ manifests }), wanted, by);
  return entry && texts[manifests.indexOf(entry)];
}

describe("selectPlatform()", () => {
  it("takes what is asked for, else the host's", () => {
    const texts = ["linux/arm64", "windows/amd64", "linux/amd64"];
    expect(chosen(texts, {})).toBe("linux/amd64");
    expect(chosen(texts, { architecture: "arm64" })).toBe("linux/arm64");
    expect(chosen(texts, { os: "windows" })).toBe("windows/amd64");
    expect(chosen(texts, { os: "windows", architecture: "arm64" })).toBeUndefined();
    expect(chosen(texts, {}, { os: "linux", architecture: "s390x" })).toBeUndefined();
  });

  it("takes the only image when nothing is asked for", () => {
    expect(chosen(["linux/s390x"], {})).toBe("linux/s390x");
    expect(chosen(["linux/s390x"], { architecture: "amd64" })).toBeUndefined();
    expect(chosen([], {})).toBeUndefined();
  });

  it("never takes an attestation, and does not count it", () => {
    const [image, statement] = entriesOf(["linux/s390x", ""]);
    if (image === undefined || statement === undefined) throw new Error("no entries");
    const attestation = { ...statement, annotations: { "vnd.docker.reference.type": "attestation-manifest" } };
    const index = createIndex({ manifests: [attestation, image] });
    expect(selectPlatform(index, {}, host)).toBe(image);
    expect(selectPlatform(index, { architecture: "amd64" }, host)).toBeUndefined();
  });

  it("walks down the variants a machine can run, then takes none", () => {
    const arm = { os: "linux", architecture: "arm" };
    expect(chosen(["linux/arm/v5", "linux/arm/v6", "linux/arm"], { ...arm, variant: "v7" })).toBe("linux/arm/v6");
    expect(chosen(["linux/arm/v8", "linux/arm"], { ...arm, variant: "v7" })).toBe("linux/arm");
    expect(chosen(["linux/arm/v8"], { ...arm, variant: "v7" })).toBeUndefined();
    expect(chosen(["linux/arm/v6", "linux/arm/v7", "linux/arm"], arm)).toBe("linux/arm");
    expect(chosen(["linux/arm/v6", "linux/arm/v7"], arm)).toBe("linux/arm/v7");
    expect(chosen(["linux/arm64/v8"], { os: "linux", architecture: "arm64" })).toBe("linux/arm64/v8");
    expect(chosen(["linux/arm64"], { os: "linux", architecture: "arm64", variant: "v8" })).toBe("linux/arm64");
  });

  it("takes an unlisted variant, then none", () => {
    const amd64 = { os: "linux", architecture: "amd64" };
    expect(chosen(["linux/amd64", "linux/amd64/v3"], { ...amd64, variant: "v3" })).toBe("linux/amd64/v3");
    expect(chosen(["linux/amd64", "linux/amd64/v2"], { ...amd64, variant: "v3" })).toBe("linux/amd64");
    expect(chosen(["linux/amd64/v2"], amd64)).toBeUndefined();
  });

  it("takes the host's variant only with the host's architecture", () => {
    const pi = { os: "linux", architecture: "arm", variant: "v6" };
    const texts = ["linux/arm/v7", "linux/arm/v6", "linux/arm64/v8"];
    expect(chosen(texts, {}, pi)).toBe("linux/arm/v6");
    expect(chosen(texts, { architecture: "arm" }, pi)).toBe("linux/arm/v7");
    expect(chosen(texts, { architecture: "arm64" }, pi)).toBe("linux/arm64/v8");
  });

  it("prefers zstd in an OCI index, and the first in a docker list", () => {
    const [first, second] = entriesOf(["linux/amd64", "linux/amd64"]);
    if (first === undefined || second === undefined) throw new Error("no entries");
    const zstd = { ...second, annotations: { "io.github.containers.compression.zstd": "true" } };
    expect(selectPlatform(createIndex({ manifests: [first, zstd] }), host)).toBe(zstd);
    expect(selectPlatform(createIndex({ mediaType: mediaTypes.dockerList, manifests: [first, zstd] }), host)).toBe(first);
  });

  it("takes an entry without platform of an OCI index last", () => {
    expect(chosen(["", "linux/amd64"], { architecture: "amd64" })).toBe("linux/amd64");
    expect(chosen(["linux/arm64", ""], { architecture: "amd64" })).toBe("");
    const docker = createIndex({ mediaType: mediaTypes.dockerList, manifests: entriesOf(["linux/arm64", ""]) });
    expect(selectPlatform(docker, { architecture: "amd64" }, host)).toBeUndefined();
  });

  it("asks for the version of the operating system only when told to", () => {
    const manifests = ["10.0", "11.0"].map(
      (version, at): Descriptor => ({
        mediaType: "a/b",
        digest: `sha256:${"0".repeat(63)}${at}`,
        size: 1,
        platform: { os: "windows", architecture: "amd64", "os.version": version },
      }),
    );
    const index = createIndex({ manifests });
    expect(selectPlatform(index, { os: "windows" }, host)).toBe(manifests[0]);
    expect(selectPlatform(index, { os: "windows", "os.version": "11.0" }, host)).toBe(manifests[1]);
  });
});
