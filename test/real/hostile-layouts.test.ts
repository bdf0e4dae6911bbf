import { describe } from "bun:test";
import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { mediaTypes } from "../../src/core/spec/mod.ts";
import { digestOf } from "./containers.ts";
import { must, programs } from "./helper.ts";
import { type Fault, gibibyte, setTrap } from "./trap.ts";

/*
 * Layouts and directories made to do harm. Each is refused in one sentence with 125, at the latest when its content is pushed; nothing is written
 * but the store, and the memory stays within bounds.
 */

const { place, samples, outside, refuses } = setTrap("hostile layouts");
/** Said of the size alone: nothing of it is read. */
const tooLarge = "10737418240 bytes are more than 4194304";
const otherBytes = /: expected sha256:[0-9a-f]{64}, received sha256:[0-9a-f]{64}\n$/;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Image {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layer: Descriptor;
}

/** Returns the sample for amd64. */
function sample(): Image {
  const [manifest]: readonly Descriptor[] = JSON.parse(readFileSync(`${samples}/index.json`, "utf8")).manifests;
  if (manifest === undefined) throw new Error("no sample");
  const { config, layers } = JSON.parse(readFileSync(`${samples}/blobs/sha256/${manifest.digest.slice(7)}`, "utf8"));
  return { manifest, config, layer: layers[0] };
}

const blob = (digest: string): string => `${place}/blobs/sha256/${digest.slice(7)}`;

/** Another byte at the end. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Faults of a layout, in a directory or in an archive. */
const layouts: readonly Fault[] = [
  { what: "a manifest of other bytes", make: () => damage(blob(sample().manifest.digest)), says: otherBytes },
  { what: "a config of other bytes", make: () => damage(blob(sample().config.digest)), says: otherBytes },
  { what: "a layer of other bytes", late: true, make: () => damage(blob(sample().layer.digest)), says: otherBytes },
  { what: "a layer that is too short", late: true, make: () => truncateSync(blob(sample().layer.digest), 100), says: /expected \d+ bytes, received 100 bytes/ },
  {
    what: "a layer that is too long",
    late: true,
    make: () => appendFileSync(blob(sample().layer.digest), "x"),
    says: /expected \d+ bytes, received \d+ bytes/,
  },
  { what: "a layer that is not there", late: true, make: () => rmSync(blob(sample().layer.digest)), says: "there is no such file" },
  { what: "a manifest of another size than its entry says", make: () => index({ ...sample().manifest, size: 7 }), says: "expected 7 bytes" },
  { what: "a digest that is a path", make: () => index({ ...sample().manifest, digest: "sha256:../../../outside" }), says: /digest/ },
  { what: "an index.json that is no JSON", make: () => writeFileSync(`${place}/index.json`, "{"), says: "index.json" },
  { what: "an index.json of 10^5 arrays in each other", make: () => writeFileSync(`${place}/index.json`, "[".repeat(100_000)), says: "index.json" },
  { what: "an index.json of 10^5 entries", make: () => index(...Array<Descriptor>(100_000).fill(sample().manifest)), says: "are more than 4194304" },
  {
    what: "a layout of another version",
    make: () => writeFileSync(`${place}/oci-layout`, '{"imageLayoutVersion":"2.0.0"}'),
    says: 'has version "2.0.0", expected 1.0.0',
  },
  { what: "a manifest that is an index and an image", make: () => both(), says: "has the members of an index and of an image" },
];

function index(...manifests: readonly Descriptor[]): void {
  writeFileSync(`${place}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
}

/** Puts a manifest there, by its digest. */
function put(mediaType: string, text: string): Descriptor {
  const descriptor = { mediaType, digest: digestOf(Buffer.from(text)), size: text.length };
  writeFileSync(blob(descriptor.digest), text);
  return descriptor;
}

function both(): void {
  const { config, layer } = sample();
  index(put(mediaTypes.ociManifest, JSON.stringify({ schemaVersion: 2, config, layers: [layer], manifests: [] })));
}

function copied({ make }: Fault): () => void {
  return () => {
    cpSync(samples, place, { recursive: true });
    make();
  };
}

describe("oci: that is hostile", () => {
  const usual = `oci:${place}:@0`;
  refuses(
    layouts.map((fault) => ({ ...fault, make: copied(fault) })),
    usual,
  );
  const links: readonly Fault[] = [
    { what: "a manifest that is a link", make: () => link(sample().manifest.digest, outside), says: "links are not followed" },
    { what: "a layer that is a link to a device", late: true, make: () => link(sample().layer.digest, "/dev/zero"), says: "links are not followed" },
    { what: "an index.json that is a pipe", make: () => pipe("index.json"), says: "is not a plain file" },
    { what: "an oci-layout that is a link", make: () => replace("oci-layout", outside), says: "links are not followed" },
    { what: "a folder of blobs that is a link", make: () => replace("blobs", `${samples}/blobs`), says: "links are not followed" },
    { what: "an index.json of 10 GiB", make: () => truncateSync(`${place}/index.json`, 10 * gibibyte), says: tooLarge },
    { what: "a manifest of 10 GiB", make: () => truncateSync(blob(sample().manifest.digest), 10 * gibibyte), says: tooLarge },
    { what: "eleven indexes in each other", make: () => nest(11), says: "it has more than 10 levels of indexes" },
  ];
  refuses(
    links.map((fault) => ({ ...fault, make: copied(fault) })),
    usual,
  );
});

function replace(name: string, to: string): void {
  rmSync(`${place}/${name}`, { recursive: true });
  symlinkSync(to, `${place}/${name}`);
}

const link = (digest: string, to: string): void => replace(`blobs/sha256/${digest.slice(7)}`, to);

function pipe(name: string): void {
  rmSync(`${place}/${name}`);
  must(["mkfifo", `${place}/${name}`]);
}

/** An index in an index, so many beside the image, in each other. */
function nest(levels: number): void {
  let inner: Descriptor = sample().manifest;
  for (let level = 0; level < levels; level++)
    inner = put(mediaTypes.ociIndex, JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [inner] }));
  index(inner);
}

describe("oci-archive: of a layout that is hostile", () => {
  const packed = (fault: Fault) => (): void => {
    copied(fault)();
    must(["tar", "-C", place, "-cf", `${place}.tar`, "."]);
    rmSync(place, { recursive: true });
    renameSync(`${place}.tar`, place);
  };
  refuses(
    layouts.map((fault) => ({ ...fault, make: packed(fault) })),
    `oci-archive:${place}:@0`,
  );
});

describe("dir: that is hostile", () => {
  /** Returns the directory of the sample. */
  function directory(change: () => void): () => void {
    return () => {
      must([...programs.executable, "manifest", "create", `dir:${place}`, `oci:${samples}:amd64`]);
      change();
    };
  }
  const file = (digest: string, suffix = ""): string => `${place}/${digest.slice(7)}${suffix}`;
  refuses(
    [
      {
        what: "a manifest of other bytes",
        make: directory(() => damage(file(sample().manifest.digest, ".manifest.json"))),
        says: otherBytes,
        late: true,
      },
      {
        what: "a layer of other bytes",
        make: directory(() => damage(file(sample().layer.digest))),
        says: otherBytes,
        late: true,
      },
      {
        what: "a layer that is a link",
        make: directory(() => replace(sample().layer.digest.slice(7), "/dev/zero")),
        says: "links are not followed",
        late: true,
      },
      { what: "a manifest.json that is a pipe", make: directory(() => pipe("manifest.json")), says: "is not a plain file" },
      {
        what: "a manifest.json of 10 GiB",
        make: directory(() => truncateSync(`${place}/manifest.json`, 10 * gibibyte)),
        says: tooLarge,
      },
      { what: "a version of 10 GiB", make: directory(() => truncateSync(`${place}/version`, 10 * gibibyte)), says: "10737418240 bytes are more than 4096" },
      {
        what: "a signature of 10 GiB",
        make: directory(() => truncateSync(signature(), 10 * gibibyte)),
        says: "10737418240 bytes are more than 1048576",
        late: true,
      },
    ],
    `dir:${place}`,
  );

  function signature(): string {
    const path = file(sample().manifest.digest, ".signature-1");
    writeFileSync(path, "");
    return path;
  }
});
