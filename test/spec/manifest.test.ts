import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { encodeUtf8, isOciError } from "../../src/core/base/mod.ts";
import {
  type Descriptor,
  encodeImageIndex,
  encodeImageManifest,
  findEditObstacle,
  type ImageIndex,
  isImageIndex,
  mediaTypes,
  type ParseManifestOptions,
  parseManifest,
} from "../../src/core/spec/mod.ts";
import { dockerList, ociIndex } from "../helper/arbitrary.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const entry = `{"mediaType":"${mediaTypes.ociManifest}","digest":"${digest}","size":7}`;
const config = `{"mediaType":"${mediaTypes.ociConfig}","digest":"${digest}","size":7}`;
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function read(text: string, options?: ParseManifestOptions): ReturnType<typeof parseManifest> {
  return parseManifest(encodeUtf8(text), options);
}

function readIndex(text: string): ImageIndex {
  const value = read(text);
  if (!isImageIndex(value)) throw new Error("not an index");
  return value;
}

function readEntry(text: string): Descriptor | undefined {
  return readIndex(`{"schemaVersion":2,"manifests":[${text}]}`).manifests[0];
}

function faultOf(text: string, options?: ParseManifestOptions): string {
  try {
    read(text, options);
  } catch (error) {
    return isOciError(error) ? `${error.code} ${error.message}` : String(error);
  }
  return "none";
}

describe("parseManifest()", () => {
  it("inverts encodeImageIndex(), an index's members in any use", () => {
    fc.assert(
      fc.property(fc.oneof(ociIndex, dockerList), (index) => {
        const bytes = encodeImageIndex(index);
        const read = parseManifest(bytes);
        expect(read).toEqual(index);
        expect(isImageIndex(read) && decode(encodeImageIndex(read))).toBe(decode(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it("keeps members it does not know as they were written, in order, at every level", () => {
    const text = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[{"mediaType":"a/b","digest":"${digest}","size":1,"platform":{"architecture":"x","os":"y","z":1.0,"a":9007199254740993},"y":"\\u003c","b":{"q":[1e2,{}]}}],"z":null,"a":{"__proto__":1},"__proto__":2}`;
    const index = readIndex(text);
    expect(index.unknown).toEqual([
      ["z", "null"],
      ["a", '{"__proto__":1}'],
      ["__proto__", "2"],
    ]);
    expect(index.manifests[0]?.unknown).toEqual([
      ["y", '"\\u003c"'],
      ["b", '{"q":[1e2,{}]}'],
    ]);
    expect(index.manifests[0]?.platform?.unknown).toEqual([
      ["z", "1.0"],
      ["a", "9007199254740993"],
    ]);
    expect(decode(encodeImageIndex(index))).toBe(text);
  });

  it("keeps annotations whatever they are called", () => {
    const index = readIndex('{"schemaVersion":2,"manifests":[],"annotations":{"__proto__":"p","10":"a","9":"b","":"e"}}');
    expect(Object.entries(index.annotations ?? {})).toContainEqual(["__proto__", "p"]);
    expect(decode(encodeImageIndex(index))).toContain('"annotations":{"":"e","10":"a","9":"b","__proto__":"p"}}');
  });

  it("reads null as Go does", () => {
    expect(readIndex('{"schemaVersion":2,"mediaType":null,"manifests":null,"annotations":null,"subject":null}')).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [],
    });
    expect(readEntry(`{"mediaType":"a/b","digest":"${digest}","size":1,"urls":null,"annotations":null,"platform":null,"data":null}`)).toEqual({
      mediaType: "a/b",
      digest,
      size: 1,
    });
    const manifest = read(`{"schemaVersion":2,"config":${config},"layers":null}`);
    expect(isImageIndex(manifest) || manifest.layers).toEqual([]);
  });

  it("reads a platform that lacks what it must have", () => {
    expect(readEntry(`{"mediaType":"a/b","digest":"${digest}","size":1,"platform":{"architecture":"arm64","variant":null}}`)?.platform).toEqual({
      architecture: "arm64",
      os: "",
    });
  });

  it("keeps optional members that are there and empty", () => {
    const text = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","artifactType":"","manifests":[{"mediaType":"a/b","digest":"${digest}","size":0,"urls":[],"annotations":{},"data":"","platform":{"architecture":"","os":"","os.version":"","os.features":[],"variant":"","features":[]},"artifactType":""}],"annotations":{}}`;
    expect(decode(encodeImageIndex(readIndex(text)))).toBe(text);
  });

  it("reads image manifests, OCI and docker", () => {
    const text = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociManifest}","artifactType":"a/b","config":${config},"layers":[${config}],"subject":${entry},"annotations":{"a":"b"},"x":1}`;
    const value = read(text);
    expect(isImageIndex(value) || decode(encodeImageManifest(value))).toBe(text);
    const docker = `{"schemaVersion":2,"mediaType":"${mediaTypes.dockerManifest}","config":{"mediaType":"${mediaTypes.dockerConfig}","size":7,"digest":"${digest}"},"layers":[]}`;
    const dockerValue = read(docker);
    expect(isImageIndex(dockerValue) || decode(encodeImageManifest(dockerValue))).toBe(docker);
  });

  it("tells the type by the promise, the document, or its members", () => {
    expect(read(`{"schemaVersion":2,"manifests":[]}`).mediaType).toBe(mediaTypes.ociIndex);
    expect(read(`{"schemaVersion":2,"manifests":[]}`, { mediaType: mediaTypes.dockerList }).mediaType).toBe(mediaTypes.dockerList);
    expect(read(`{"schemaVersion":2,"mediaType":"","manifests":[]}`).mediaType).toBe(mediaTypes.ociIndex);
    expect(read(`{"schemaVersion":2,"config":${config},"layers":[]}`).mediaType).toBe(mediaTypes.ociManifest);
    expect(read(`{"schemaVersion":2,"config":${config.replace(mediaTypes.ociConfig, mediaTypes.dockerConfig)},"layers":[]}`).mediaType).toBe(
      mediaTypes.dockerManifest,
    );
  });

  it.each(["application/json", "text/plain; charset=utf-8", "application/octet-stream", "", " "])("takes the promise %j for none", (mediaType) => {
    expect(faultOf(`{"schemaVersion":2,"mediaType":"${mediaTypes.dockerList}","manifests":[]}`, { mediaType })).toBe("none");
  });

  it("takes parameters and capitals of a promise for nothing", () => {
    expect(
      faultOf(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[]}`, { mediaType: `${mediaTypes.ociIndex.toUpperCase()}; charset=utf-8` }),
    ).toBe("none");
  });

  const types = [mediaTypes.ociIndex, mediaTypes.ociManifest, mediaTypes.dockerList, mediaTypes.dockerManifest, undefined];
  const mixed = ["config", "layers", "fsLayers", "history"].flatMap((name) => types.flatMap((inner) => types.map((outer) => [name, inner, outer] as const)));
  it("refuses a list that is an image too, whatever it is called (CVE-2021-41190)", () => {
    for (const [name, inner, outer] of mixed) {
      for (const value of ["[]", "null", config]) {
        const text = `{"schemaVersion":2,${inner ? `"mediaType":"${inner}",` : ""}"manifests":[],"${name}":${value}}`;
        expect(faultOf(text, outer ? { mediaType: outer } : {})).toBe("INVALID Cannot read manifest: it has the members of an index and of an image");
      }
    }
  });

  it("refuses a promise that the document or its members break", () => {
    for (const inner of types) {
      for (const outer of types) {
        if (inner === undefined || outer === undefined || inner === outer) continue;
        expect(faultOf(`{"schemaVersion":2,"mediaType":"${inner}","manifests":[]}`, { mediaType: outer })).toBe(
          `INVALID Cannot read manifest: it says "${inner}" and was announced as "${outer}"`,
        );
      }
    }
    expect(faultOf(`{"schemaVersion":2,"manifests":[]}`, { mediaType: mediaTypes.ociManifest })).toContain("its members are not those of");
    expect(faultOf(`{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","config":${config},"layers":[]}`)).toContain("its members are not those of");
  });

  it("refuses docker's schema 1", () => {
    expect(faultOf('{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[]}')).toMatch(/^UNSUPPORTED /);
    expect(faultOf('{"schemaVersion":1,"fsLayers":[]}', { mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws" })).toMatch(/^UNSUPPORTED /);
  });

  it.each([
    ["[]", "expected an object"],
    ["null", "expected an object"],
    ['"x"', "expected an object"],
    ['{"schemaVersion":2,"mediaType":5,"manifests":[]}', "Cannot read manifest at mediaType: expected string, received 5"],
    ['{"schemaVersion":2,"mediaType":"text/html","manifests":[]}', '"text/html" is not a type of manifest or index'],
    ['{"schemaVersion":"2","manifests":[]}', 'at schemaVersion: expected 2, received "2"'],
    ['{"manifests":[]}', "at schemaVersion: it is missing"],
    ['{"schemaVersion":2,"manifests":{}}', "at manifests: expected Array, received Object"],
    ['{"schemaVersion":2,"manifests":[null]}', "at manifests.0: expected Object, received null"],
    ['{"schemaVersion":2}', "at config: it is missing"],
    ['{"schemaVersion":2,"layers":[]}', "at config: it is missing"],
    [`{"schemaVersion":2,"config":${config}}`, "at layers: it is missing"],
    ['{"schemaVersion":2,"manifests":[],"annotations":{"a":1}}', "at annotations: expected an object whose values are strings"],
  ])("refuses %s", (text, message) => expect(faultOf(text)).toContain(message));

  it.each(['"12"', "-1", "1.5", "9007199254740992", "9007199254740993", "9223372036854775808", "1e400", "true", "[1]"])(
    "refuses the size %s (GHSA-f36w-mj3v-6jqv)",
    (size) => {
      expect(faultOf(`{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"${digest}","size":${size}}]}`)).toMatch(
        /^INVALID Cannot read manifest at manifests\.0\.size: expected /,
      );
    },
  );

  it.each(["sha256:../../x", `sha256:${"a".repeat(63)}`, `sha256:${"A".repeat(64)}`, "md5", `sha256:${"a".repeat(64)}\\u0000`, ""])(
    "refuses the digest %j (CVE-2024-3727)",
    (bad) => {
      const descriptor = `{"mediaType":"a/b","digest":"${bad}","size":1}`;
      for (const text of [
        `"manifests":[${descriptor}]`,
        `"manifests":[],"subject":${descriptor}`,
        `"config":${descriptor},"layers":[]`,
        `"config":${config},"layers":[${descriptor}]`,
      ]) {
        expect(faultOf(`{"schemaVersion":2,${text}}`)).toMatch(/^INVALID Cannot read manifest at [a-z.0]+\.digest: expected a digest/);
      }
    },
  );

  it("refuses data that is not base64 as it must be written", () => {
    expect(faultOf(`{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"${digest}","size":2,"data":"e30"}]}`)).toContain(
      "expected base64 with padding",
    );
  });

  it("refuses a byte order mark, a tail, and more than 4 MiB", () => {
    expect(faultOf('\ufeff{"schemaVersion":2,"manifests":[]}')).toMatch(/^INVALID /);
    expect(faultOf('{"schemaVersion":2,"manifests":[]}{}')).toMatch(/^INVALID /);
    expect(faultOf(`{"schemaVersion":2,"manifests":[]}${" ".repeat(4 * 1024 * 1024)}`)).toMatch(/^LIMIT /);
  });

  it("says what is read", () => {
    expect(faultOf('{"schemaVersion":2,"manifests":[{}]}', { what: "image index r.example/a:1" })).toBe(
      "INVALID Cannot read image index r.example/a:1 at manifests.0.mediaType: it is missing",
    );
  });

  it("reads and writes an index of 10 000 entries", () => {
    const one = (at: number): string =>
      `{"mediaType":"${mediaTypes.ociManifest}","digest":"sha256:${at.toString(16).padStart(64, "0")}","size":7,"annotations":{"a":"b"},"platform":{"architecture":"amd64","os":"linux"},"x":1}`;
    const text = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[${Array.from({ length: 10_000 }, (_, at) => one(at)).join(",")}]}`;
    const index = readIndex(text);
    expect(index.manifests.length).toBe(10_000);
    expect(decode(encodeImageIndex(index)) === text).toBe(true);
    expect(findEditObstacle(encodeUtf8(text))).toBeUndefined();
  });

  it("answers anything with a value or one error (CVE-2021-21285)", () => {
    const keys = fc.constantFrom(
      "schemaVersion",
      "mediaType",
      "manifests",
      "config",
      "layers",
      "digest",
      "size",
      "platform",
      "annotations",
      "__proto__",
      "urls",
      "data",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>(null, 2, -1, "", digest, mediaTypes.ociIndex, true),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(keys, tie("tree"), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => expect(faultOf(JSON.stringify(value))).toMatch(/^(none$|INVALID Cannot read manifest|UNSUPPORTED Cannot read manifest)/)),
      { numRuns: 1000 },
    );
  });
});

describe("findEditObstacle()", () => {
  const obstacle = (members: string): string | undefined => findEditObstacle(encodeUtf8(`{"schemaVersion":2,"manifests":[${entry}],${members}}`));

  it("finds none in what Go writes, or in members of others' own", () => {
    expect(obstacle('"annotations":{"Size":"1","OS":"2"}')).toBeUndefined();
    expect(obstacle('"x":{"OS":1,"Digest":{"Size":2}}')).toBeUndefined();
    fc.assert(
      fc.property(ociIndex, (index) => {
        const { unknown: _, ...known } = index;
        const plain = { ...known, manifests: known.manifests.map(({ unknown: _unknown, platform: _platform, ...more }) => more) };
        const { subject: _subject, ...rest } = plain;
        expect(findEditObstacle(encodeImageIndex(rest))).toBeUndefined();
      }),
    );
  });

  it.each([
    ['"Manifests":[]', 'the name "Manifests" differs from "manifests" only in case'],
    ['"manife\u017fts":[]', 'the name "manifeſts" differs from "manifests" only in case'],
    [`"subject":${entry.replace('"size"', '"Size"')}`, 'the name "Size" differs from "size" only in case'],
    [`"subject":${entry.slice(0, -1)},"platform":{"architecture":"a","os":"b","OS":"c"}}`, 'the name "OS" differs from "os" only in case'],
    ['"a":1,"a":2', 'the name "a" stands twice'],
    ['"annotations":{"a":"1","a":"2"}', 'the name "annotations.a" stands twice'],
    ['"x":{"y":9007199254740993}', 'the number 9007199254740993 at "x.y" does not fit a double'],
    ['"annotations":{"a":"\\ud83d"}', 'the text at "annotations.a" holds half a surrogate pair'],
  ])("finds %s (in-toto/specification#74)", (members, expected) => expect(String(obstacle(members))).toBe(expected));
});
