import { describe, expect, it } from "bun:test";
import { encodeImageIndex, mediaTypes } from "../../src/core/spec/mod.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("encodeImageIndex()", () => {
  const entry = {
    artifactType: "a/t",
    platform: { features: ["f"], variant: "v", "os.features": ["o"], "os.version": "1", os: "linux", architecture: "arm64" },
    data: "e30=",
    annotations: { b: "2", a: "1" },
    urls: ["https://e.example/?a&b"],
    size: 2,
    digest,
    mediaType: "a/b",
  };

  it("writes an OCI entry in the order of image-spec's structs", () => {
    expect(
      decode(
        encodeImageIndex({
          annotations: { k: "v" },
          subject: { mediaType: "s/t", digest, size: 1 },
          manifests: [entry],
          artifactType: "a/t",
          mediaType: mediaTypes.ociIndex,
          schemaVersion: 2,
        }),
      ),
    ).toBe(
      `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","artifactType":"a/t","manifests":[{"mediaType":"a/b","digest":"${digest}","size":2,"urls":["https://e.example/?a\\u0026b"],"annotations":{"a":"1","b":"2"},"data":"e30=","platform":{"architecture":"arm64","os":"linux","os.version":"1","os.features":["o"],"variant":"v","features":["f"]},"artifactType":"a/t"}],"subject":{"mediaType":"s/t","digest":"${digest}","size":1},"annotations":{"k":"v"}}`,
    );
  });

  it("writes a docker entry in the order of docker's structs", () => {
    const { annotations: _annotations, data: _data, artifactType: _type, ...docker } = entry;
    expect(decode(encodeImageIndex({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [docker] }))).toBe(
      `{"schemaVersion":2,"mediaType":"${mediaTypes.dockerList}","manifests":[{"mediaType":"a/b","size":2,"digest":"${digest}","urls":["https://e.example/?a\\u0026b"],"platform":{"architecture":"arm64","os":"linux","os.version":"1","os.features":["o"],"variant":"v","features":["f"]}}]}`,
    );
  });

  it("escapes what Go's encoder escapes", () => {
    const annotations = { a: '<>&\u2028\u2029"\\/\b\f\n\r\t\u0000\u001f\u007f\u0085é😀' };
    expect(decode(encodeImageIndex({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], annotations }))).toContain(
      '"annotations":{"a":"\\u003c\\u003e\\u0026\\u2028\\u2029\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u0085é😀"}}',
    );
  });
});
