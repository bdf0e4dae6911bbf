import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mediaTypes, parseLocation } from "../../src/core/spec/mod.ts";
import { openTransports } from "../../src/core/transport/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { startDaemon, type TestDaemon } from "../helper/docker-daemon.ts";
import { digestOf, openContainers } from "./containers.ts";
import { must, programs, type RunningRegistry, Scratch, startRegistry } from "./helper.ts";
import { isList, type Kind, kinds, makeSamples, type Samples } from "./kinds.ts";
import { start } from "./process.ts";

/*
 * Every transport with every kind of content, as a source and as a destination. Others make the sources, and others read what
 * ocidex writes. A cell that cannot be has the sentence in which it is refused, LOCATION being the location.
 */

type Cell =
  /** The same digests: of the list, of every image, and of every blob. */
  | "same"
  /** The same config and layers, in the docker image manifest that is made for them. */
  | "layers"
  /** The same config, and as many layers, which are compressed by gzip. */
  | "packed"
  /** The digests that buildah's own push gives, with which the sample came into the registry. */
  | "pushed"
  /** Nobody can make it: skopeo fails with these words. */
  | readonly ["unmade", string]
  /** A list is refused with the second; the library writes the image alone, with the same config and layers. */
  | readonly ["alone", string]
  /** Refused. */
  | readonly ["refused", string];

const works = "what works is docker://, oci:, oci-archive:, docker-archive:, docker-daemon:, dir: and containers-storage:";
const cannotHold = (type: string): string =>
  `Cannot write "LOCATION": it cannot hold ${type}: docker load takes single images from such an archive, which has no place for an index`;
const noIndex = cannotHold("application/vnd.oci.image.index.v1+json");
const noList = cannotHold("application/vnd.docker.distribution.manifest.list.v2+json");
const isLayout = 'Cannot read "LOCATION": the archive has no manifest.json, it holds an OCI layout, expected oci-archive: before its name';
const isNoImage = `Cannot read config "blobs/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" of "LOCATION": it names 0 layers, and the archive lists 1 for it`;
const notWritten =
  'Cannot write "LOCATION": images are read from container storage, and written there by podman and buildah only, expected a registry, oci: or oci-archive: for podman to pull from';
const noArtifact: Cell = ["unmade", "unsupported image-specific operation on artifact"];
const noDaemon = 'Cannot write "LOCATION": a docker daemon takes in single images and holds no index, expected a registry that docker pulls from';
const noTarball = `Cannot open "LOCATION": tarball: makes a new image of a root file system, which buildah does and which is no image yet, ${works}`;

const same: Cell = "same";
const layers: Cell = "layers";
const packed: Cell = "packed";
const pushed: Cell = "pushed";
const alone: Cell = ["alone", noIndex];
const refused = (sentence: string): Cell => ["refused", sentence];
const each = (cell: Cell): readonly Cell[] => kinds.map(() => cell);

const transports = ["docker", "oci", "oci-archive", "docker-archive", "dir", "containers-storage", "docker-daemon", "tarball"] as const;
type Transport = (typeof transports)[number];

/** The columns are those of `kinds`: OCI image, docker image, OCI index, docker list, artifact, zero layers, 100 MiB layer. */
const sources: Readonly<Record<Transport, readonly Cell[]>> = {
  docker: [same, same, same, same, same, same, same],
  oci: [same, same, same, same, same, same, same],
  "oci-archive": [same, same, same, same, same, same, same],
  "docker-archive": [layers, layers, refused(isLayout), refused(isLayout), refused(isNoImage), layers, layers],
  dir: [same, same, same, same, same, same, same],
  "containers-storage": [pushed, pushed, pushed, pushed, noArtifact, pushed, pushed],
  "docker-daemon": [packed, packed, refused(isLayout), refused(isLayout), refused(isNoImage), packed, packed],
  tarball: each(refused(noTarball)),
};

/** An image or artifact goes there in a list that is an OCI index, an index or list as it is. */
const destinations: Readonly<Record<Transport, readonly Cell[]>> = {
  docker: [same, same, same, same, same, same, same],
  oci: [same, same, same, same, same, same, same],
  "oci-archive": [same, same, same, same, same, same, same],
  "docker-archive": [alone, alone, refused(noIndex), refused(noList), refused(noIndex), alone, alone],
  dir: [same, same, same, same, same, same, same],
  "containers-storage": each(refused(notWritten)),
  "docker-daemon": each(refused(noDaemon)),
  tarball: each(refused(noTarball)),
};

const scratch = new Scratch();
const containers = openContainers(scratch);
const socketPath = scratch.join("docker.sock");
const env = { OCIDEX_ROOT: scratch.join("store"), XDG_CACHE_HOME: scratch.join("cache"), DOCKER_HOST: `unix://${socketPath}` };
/** Archives of the daemon's images, by name. */
const saved: Record<string, string> = {};
let registry: RunningRegistry;
let daemon: TestDaemon;
let samples: Samples;

beforeAll(async () => {
  registry = await startRegistry({ version: 2, folder: scratch.join("registry") });
  samples = await makeSamples(containers, scratch, registry.host);
  daemon = await startDaemon({ images: saved, socketPath });
  for (const kind of kinds) if (!isList(kind)) await ocidex("create", "--tls-verify=false", listName(kind), `docker://${samples.reference(kind)}`);
});
afterAll(async () => {
  await daemon.close();
  await registry[Symbol.asyncDispose]();
  containers[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

/** Name of the local list that holds one of `kind`. */
function listName(kind: Kind): string {
  return kind.toLowerCase().replaceAll(" ", "-");
}

/** Runs the executable, which must succeed, and returns what it printed; a daemon in this process can answer it. */
function ocidex(...args: readonly string[]): Promise<string> {
  return ocidexAs([], ...args);
}

/** Runs the executable as somebody else; those words begin the command. */
async function ocidexAs(words: readonly string[], ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await start([...words, ...programs.executable, "manifest", ...args], { env }).ended;
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** Runs the executable, which must fail with this sentence and no other word. */
async function expectRefused(sentence: string, location: string, ...args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await start([...programs.executable, "manifest", ...args], { env }).ended;
  expect({ status, stdout, stderr }).toEqual({ status: 125, stdout: "", stderr: `Error: ${sentence.replace("LOCATION", location)}\n` });
}

/** Tells whether a transport has names and no paths. */
function hasNames(transport: Transport): boolean {
  return transport === "containers-storage" || transport === "docker-daemon";
}

/** Returns the location of a new place for `kind`, without a name in it. */
function place(transport: Transport, way: string, kind: Kind): string {
  const name = `${way}-${listName(kind)}`;
  if (transport === "docker") return `docker://${registry.host}/${name}:1`;
  return hasNames(transport) ? `${transport}:localhost/${name}:1` : `${transport}:${scratch.join(`${transport}-${name}`)}`;
}

/** Returns the location as it is written to: with a name, where others find no content without one. */
function named(transport: Transport, location: string): string {
  if (transport === "docker-archive") return `${location}:app:1`;
  return transport === "oci" || transport === "oci-archive" ? `${location}:1` : location;
}

/** Makes a source as skopeo does, or, where skopeo would change types or cannot do it at all, regctl. */
function makeSource(transport: Transport, kind: Kind): string {
  const reference = samples.reference(kind);
  if (transport === "docker") return `docker://${reference}`;
  const location = place(transport, "source", kind);
  const path = location.slice(transport.length + 1);
  const isDocker = kind === "docker image" || kind === "docker list";
  if (transport === "tarball") return location;
  if (transport === "containers-storage") return storedSource(kind);
  if (transport === "docker-daemon") return makeDaemonImage(kind);
  if (transport === "docker-archive" ? isList(kind) || kind === "artifact" : transport !== "dir" && isDocker) {
    samples.regctl("image", "export", reference, transport === "oci" ? `${path}.tar` : path);
    if (transport !== "oci") return location;
    mkdirSync(path);
    must(["tar", "-C", path, "-xf", `${path}.tar`]);
    return location;
  }
  containers.skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", `docker://${reference}`, named(transport, location));
  return location;
}

/** Names of the samples in the storage of the buildah that has made them. */
const stored: Partial<Readonly<Record<Kind, string>>> = {
  "OCI image": "oci-amd64",
  "docker image": "docker-amd64",
  "OCI index": "all-oci",
  "docker list": "all-docker",
  "100 MiB layer": "large",
};

/** Returns the location of a sample in container storage; others than buildah's own come there with skopeo. */
function storedSource(kind: Kind): string {
  const location = `${containers.storage}localhost/${stored[kind] ?? listName(kind)}:latest`;
  if (stored[kind] === undefined)
    must([...containers.asOwner, "skopeo", "copy", "--quiet", "--src-tls-verify=false", `docker://${samples.reference(kind)}`, location]);
  return location;
}

/** Gives the daemon an image: what skopeo saves, or what regctl exports where skopeo saves none. */
function makeDaemonImage(kind: Kind): string {
  const name = `${listName(kind)}:1`;
  const path = place("docker-archive", "source", kind).slice("docker-archive:".length);
  if (!existsSync(path)) makeSource("docker-archive", kind);
  saved[name] = path;
  return `docker-daemon:${name}`;
}

/** Returns the digests of config and layers. */
function contentOf(raw: string | Buffer): readonly string[] {
  const manifest: { readonly config: Blob; readonly layers: readonly Blob[] } = JSON.parse(String(raw));
  return [manifest.config, ...manifest.layers].map(({ digest }) => digest);
}

interface Blob {
  readonly digest: string;
}

const wordsOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell[0]);

for (const transport of transports) {
  describe(`${transport}: as a source`, () => {
    for (const [at, kind] of kinds.entries()) {
      const cell = sources[transport][at] ?? same;
      it(`${kind}: ${wordsOf(cell)}`, async () => {
        if (cell[0] === "unmade") return expect(() => makeSource(transport, kind)).toThrow(cell[1]);
        const location = makeSource(transport, kind);
        if (typeof cell !== "string") return expectRefused(cell[1], location, "create", "refused", location);
        const run = (...args: readonly string[]) => ocidexAs(cell === "pushed" ? containers.asOwner : [], ...args);
        const ours = await run("inspect", "--tls-verify=false", "--output", "raw", location);
        if (cell !== "pushed") expectSame(cell, ours, containers.raw(cell === "packed" ? place("docker-archive", "source", kind) : location));
        const made = await run("create", "--json", "--tls-verify=false", "--replace", "--all", "list", location);
        expect(JSON.parse(made).entries).toEqual(cell === "same" || cell === "pushed" ? samples.digests(kind) : [digestOf(Buffer.from(ours))]);
        await run("push", "--quiet", "--tls-verify=false", "list", `oci:${scratch.join("taken", transport)}:1`);
      });
    }
  });

  describe(`${transport}: as a destination`, () => {
    for (const [at, kind] of kinds.entries()) {
      const cell = destinations[transport][at] ?? same;
      it(`${kind}: ${wordsOf(cell)}`, async () => {
        const location = place(transport, "destination", kind);
        const list = isList(kind) ? `docker://${samples.reference(kind)}` : listName(kind);
        const push = ["push", "--quiet", "--tls-verify=false", list, named(transport, location)];
        if (typeof cell === "string") return expectRead(kind, location, (await ocidex(...push)).trim().split(": ")[1] ?? "");
        await expectRefused(cell[1], location, ...push);
        expect(readdirSync(scratch.path).filter((name) => location.endsWith(name) || name.startsWith("."))).toEqual([]);
        if (cell[0] === "alone") await expectAlone(kind, named(transport, location));
      });
    }
  });
}

/** Checks what ocidex reads against what skopeo reads. */
function expectSame(cell: Cell, ours: string, theirs: Buffer): void {
  if (cell === "same") return expect(digestOf(Buffer.from(ours))).toBe(digestOf(theirs));
  if (cell === "layers") return expect(contentOf(ours)).toEqual(contentOf(theirs));
  expect(contentOf(ours)[0]).toEqual(contentOf(theirs)[0] ?? "");
  const types: readonly string[] = JSON.parse(ours).layers.map((layer: { readonly mediaType: string }) => layer.mediaType);
  expect(types).toEqual(Array(contentOf(theirs).length - 1).fill(mediaTypes.dockerLayerGzip));
}

/** Checks that skopeo and buildah read the list, its images and their content by their digests. */
function expectRead(kind: Kind, location: string, digest: string): void {
  const raw = containers.raw(location);
  expect(digestOf(raw)).toBe(digest);
  if (isList(kind)) expect(digest).toBe(digestOf(containers.raw(`docker://${samples.reference(kind)}`)));
  const copy = scratch.join("copy");
  rmSync(copy, { recursive: true, force: true });
  containers.skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", location, `dir:${copy}`);
  const manifests = samples.digests(kind).map((each) => readFileSync(`${copy}/${each.slice(7)}.manifest.json`));
  expect(manifests.map(digestOf)).toEqual([...samples.digests(kind)]);
  for (const manifest of manifests) for (const blob of contentOf(manifest)) expect(existsSync(`${copy}/${blob.slice(7)}`)).toBe(true);
  if (kind !== "artifact") expectPulled(location, contentOf(manifests[0] ?? "")[0] ?? "");
}

/** buildah calls an image by its config. */
function expectPulled(location: string, config: string): void {
  expect(`sha256:${containers.buildah("pull", "--quiet", "--arch", "amd64", "--tls-verify=false", location.replace(scratch.join("/"), "")).trim()}`).toBe(
    config,
  );
}

/** Checks what the library writes against what skopeo writes. */
async function expectAlone(kind: Kind, location: string): Promise<void> {
  const reference = `docker://${samples.reference(kind)}`;
  const { source, place } = openTransports(await currentHost(), { verifyTls: false });
  const from = await source(parseLocation(reference));
  const image = await from.resolve();
  const { target } = await place(parseLocation(location));
  if (!("layers" in image.value)) throw new Error("it is no image");
  for (const blob of [image.value.config, ...image.value.layers]) await target.putBlob(blob, () => from.blob(blob));
  await target.putRoot(image);
  const theirs = `docker-archive:${scratch.join(`theirs-${listName(kind)}`)}:app:1`;
  containers.skopeo("copy", "--quiet", "--src-tls-verify=false", reference, theirs);
  const content = contentOf(containers.raw(location));
  expect(content).toEqual(contentOf(containers.raw(theirs)));
  expectPulled(location, content[0] ?? "");
}

describe("docker-archive: with both layouts, as docker saves since version 25", () => {
  it("is read by either transport, and by skopeo with the same content", async () => {
    const path = scratch.join("both.tar");
    const reference = samples.reference("docker image");
    samples.regctl("image", "export", reference, path);
    const read = (location: string): Promise<string> => ocidex("inspect", "--output", "raw", location);
    expect(digestOf(Buffer.from(await read(`oci-archive:${path}`)))).toBe(samples.digests("docker image")[0] ?? "");
    expect(contentOf(await read(`docker-archive:${path}`))).toEqual(contentOf(containers.raw(`docker://${reference}`)));
    expect(contentOf(await read(`docker-archive:${path}:${reference}`))[0]).toBe(contentOf(containers.raw(`docker-archive:${path}`))[0] ?? "");
    await ocidex("create", "both", `docker-archive:${path}`);
    await ocidex("push", "--quiet", "both", `oci:${scratch.join("taken")}:both`);
  });
});

describe("docker-archive: with several images", () => {
  /** Returns an archive of two images, as `docker save a b` makes it. */
  function several(): string {
    const folder = scratch.join("several");
    mkdirSync(folder);
    const saved = ["OCI image", "zero layers"] as const;
    const manifests = saved.flatMap((kind): readonly unknown[] => {
      const one = `${folder}.${listName(kind)}.tar`;
      const reference = `docker://${samples.reference(kind)}`;
      containers.skopeo("copy", "--quiet", "--src-tls-verify=false", reference, `docker-archive:${one}:example.com/${listName(kind)}:1`);
      must(["tar", "-C", folder, "-xf", one]);
      return JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
    });
    writeFileSync(`${folder}/manifest.json`, JSON.stringify(manifests));
    must(["tar", "-C", folder, "-cf", `${folder}.tar`, "."]);
    return `docker-archive:${folder}.tar`;
  }

  it("gives each by its name and by its place, as skopeo does, and none without", async () => {
    const location = several();
    for (const name of ["example.com/oci-image:1", "example.com/zero-layers:1", "@0", "@1"])
      expect(contentOf(await ocidex("inspect", "--output", "raw", `${location}:${name}`))).toEqual(contentOf(containers.raw(`${location}:${name}`)));
    const there = 'the archive has 2 images: "example.com/oci-image:1", "example.com/zero-layers:1"';
    const expected = "expected a name (docker-archive:FILE:NAME) or a place (docker-archive:FILE:@0)";
    await expectRefused(`Cannot choose an image of "LOCATION": ${there}; ${expected}`, location, "create", "refused", location);
    for (const name of ["@2", "example.com/other:1"])
      await expectRefused(`Cannot read "LOCATION": there is no such image, ${there}`, `${location}:${name}`, "create", "refused", `${location}:${name}`);
  });
});

describe("dir: with signatures", () => {
  it("is pushed to another as skopeo copies it, and they stay behind elsewhere, where skopeo gives up", async () => {
    const location = place("dir", "signed", "OCI index");
    const path = location.slice("dir:".length);
    containers.skopeo("copy", "--quiet", "--all", "--src-tls-verify=false", `docker://${samples.reference("OCI index")}`, location);
    // What OpenPGP calls a compressed packet: anything else skopeo reads as another kind of signature.
    const [image = ""] = samples.digests("OCI index");
    for (const name of ["signature-1", `${image.slice(7)}.signature-1`, `${image.slice(7)}.signature-2`])
      writeFileSync(`${path}/${name}`, `\xa3${name}`, "latin1");
    containers.skopeo("copy", "--quiet", "--all", location, `dir:${path}-theirs`);
    await ocidex("push", "--quiet", location, `dir:${path}-ours`);
    expect(must(["diff", "-r", `${path}-theirs`, `${path}-ours`])).toBe("");
    expect(() => containers.skopeo("copy", "--quiet", "--all", location, `oci:${path}-layout`)).toThrow("Can not copy signatures");
    const { stderr } = await start([...programs.executable, "manifest", "push", "--quiet", location, `oci:${path}-layout:1`], { env }).ended;
    expect(stderr).toMatch(/^Warning: "oci:[^"]+" keeps no signatures as a directory does: those of sha256:[0-9a-f]{64} and of 1 more stay behind\n$/);
  });
});
