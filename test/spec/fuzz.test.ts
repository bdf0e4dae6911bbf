import { describe, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import {
  findEditObstacle,
  normaliseMediaType,
  parseAnnotation,
  parseConfigPlatform,
  parseDescriptor,
  parseDigest,
  parseLocation,
  parseManifest,
  parseMediaType,
  parsePlatform,
  parseReference,
  parseTag,
} from "../../src/core/spec/mod.ts";
import { expectLinear, expectOnlyOciErrors } from "../helper/fuzz.ts";

const digest = `sha256:${"a".repeat(64)}`;
const descriptor = `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${digest}","size":7,"urls":["https://a.example/x"],"annotations":{"a":"b"},"data":"e30=","platform":{"architecture":"arm","os":"linux","os.version":"1","os.features":["x"],"variant":"v7"},"x":[1,{}]}`;
const index = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","artifactType":"a/b","manifests":[${descriptor}],"subject":${descriptor},"annotations":{"a":"b"}}`;
const image = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":${descriptor},"layers":[${descriptor}]}`;
const list = `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[${descriptor}]}`;

const quoted = (run: string): string => `{"schemaVersion":2,"manifests":[],"x":${JSON.stringify(run)}}`;

/** Reads a manifest as every use does: what can be read can be looked through for edits. */
function readManifest(text: string): void {
  const bytes = encodeUtf8(text);
  parseManifest(bytes);
  findEditObstacle(bytes);
}

describe("every parser of the specifications answers anything with a value or one OciError, in linear time:", () => {
  const parsers: readonly (readonly [name: string, parse: (text: string) => unknown, samples: readonly string[], ...around: ((run: string) => string)[]])[] = [
    ["parseReference()", parseReference, ["busybox", "localhost:5000/a/b:1", `ghcr.io/me/app:1@${digest}`, "[::1]:5000/a", "xn--bcher-kva.example/a"]],
    ["parseTag()", parseTag, ["latest", "1.2.3-rc_1"]],
    ["parseDigest()", parseDigest, [digest, `sha512:${"0".repeat(128)}`, "a+b.c:x_=-"]],
    [
      "parseLocation()",
      parseLocation,
      [
        "docker://ghcr.io/me/app:1",
        "oci:/a/b:1.0",
        "oci:dir@3",
        "oci-archive:C:\\a:x",
        "dir:x",
        "docker-archive:a.tar:b:1",
        "docker-daemon:app:1",
        `docker-daemon:${digest}`,
        "containers-storage:[vfs@/a+/b:c=d,e]r.io/x:1@abc",
      ],
      (run) => `oci:${run}`,
      (run) => `docker-daemon:${run}`,
      (run) => `containers-storage:[vfs@/${run}]app`,
      (run) => `containers-storage:${run}`,
    ],
    ["parsePlatform()", parsePlatform, ["linux/amd64", "linux/arm/v7", "windows/amd64:10.0.1"]],
    ["parseMediaType()", parseMediaType, ["application/vnd.oci.image.index.v1+json", "text/plain"]],
    ["normaliseMediaType()", normaliseMediaType, ["Application/JSON; charset=utf-8"]],
    ["parseAnnotation()", parseAnnotation, ["a=b", "org.opencontainers.image.title=a=b,c"]],
    ["parseManifest()", readManifest, [index, image, list], quoted],
    ["parseDescriptor()", (text) => parseDescriptor(encodeUtf8(text)), [descriptor], (run) => `${descriptor.slice(0, -1)},"y":${JSON.stringify(run)}}`],
    [
      "parseConfigPlatform()",
      (text) => parseConfigPlatform(encodeUtf8(text)),
      ['{"architecture":"arm","os":"linux","variant":"v7","os.version":"1","os.features":["a"],"rootfs":{"type":"layers","diff_ids":[]}}'],
      quoted,
    ],
  ];
  for (const [name, parse, samples, ...around] of parsers) {
    it(`${name} on texts near valid ones`, () => expectOnlyOciErrors(parse, samples));
    it(`${name} on 10^5 characters`, () => {
      expectLinear(parse);
      for (const each of around) expectLinear(parse, each);
    });
  }
});
