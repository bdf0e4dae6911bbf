import { afterAll, beforeAll, beforeEach } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { encodeUtf8, formatBase64 } from "../../src/core/base/mod.ts";
import { type Descriptor, encodeImageIndex, encodeImageManifest, mediaTypes, parsePlatform } from "../../src/core/spec/mod.ts";
import { digestOf } from "./content.ts";

/** Files by absolute path. */
export type Files = Readonly<Record<string, string>>;

/** An image of a container storage. */
export interface StoredSample {
  readonly id: string;
  /** What `images.json` says of it. */
  readonly record: object;
  /** Files below its directory. */
  readonly files: Files;
  /** Its manifest as it lies there. */
  readonly descriptor: Descriptor;
}

export interface StoredSampleOptions {
  /** @default none */
  readonly names?: readonly string[];
  /** @default "linux/amd64" */
  readonly platform?: string;
  /** Makes images of one platform differ. */
  readonly note?: string;
  /** Size of its signatures. @default 0 */
  readonly signatures?: number;
}

/** Returns an image as buildah leaves it in its storage: a layer that is not compressed. */
export function storedImage({ names = [], platform = "linux/amd64", note = "", signatures = 0 }: StoredSampleOptions = {}): StoredSample {
  const config = JSON.stringify({ ...parsePlatform(platform), rootfs: { type: "layers", diff_ids: [] }, note });
  const configDigest = digestOf(encodeUtf8(config));
  const manifest = encodeImageManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: configDigest, size: config.length },
    layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(encodeUtf8("layer")), size: 5 }],
  });
  const files = { manifest: new TextDecoder().decode(manifest), [`=${formatBase64(encodeUtf8(configDigest))}`]: config };
  return sampleOf({ id: configDigest.slice(7), names, files, signatures, mediaType: mediaTypes.ociManifest });
}

/** Returns a list as `buildah manifest` keeps it in its storage. */
export function storedList(names: readonly string[], entries: readonly Descriptor[], instances: Readonly<Record<string, string>>): StoredSample {
  const manifest = encodeImageIndex({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries });
  const files = { manifest: new TextDecoder().decode(manifest), "instances.json": JSON.stringify(instances) };
  return sampleOf({ id: digestOf(encodeUtf8(names.join())).slice(7), names, files, signatures: 0, mediaType: mediaTypes.ociIndex });
}

interface Sample {
  readonly id: string;
  readonly names: readonly string[];
  readonly files: Readonly<Record<"manifest", string>> & Files;
  readonly signatures: number;
  readonly mediaType: string;
}

function sampleOf({ id, names, files, signatures, mediaType }: Sample): StoredSample {
  const bytes = encodeUtf8(files.manifest);
  const digest = digestOf(bytes);
  const record = {
    id,
    names,
    digest,
    layer: "0".repeat(64),
    "big-data-names": ["manifest", `manifest-${digest}`, `signature-${digest.slice(7)}`],
    "big-data-sizes": { manifest: bytes.length, [`signature-${digest.slice(7)}`]: signatures },
    "big-data-digests": { manifest: digest, [`manifest-${digest}`]: digest },
    created: "2026-01-01T00:00:00Z",
  };
  return { id, record, files, descriptor: { mediaType, digest, size: bytes.length } };
}

/** Returns the files of a container storage. */
export function storageFiles(root: string, images: readonly StoredSample[], driver = "overlay"): Files {
  const directory = `${root}/${driver}-images`;
  const own = images.flatMap(({ id, files }) => Object.entries(files).map(([name, text]) => [`${directory}/${id}/${name}`, text] as const));
  return { [`${directory}/images.json`]: JSON.stringify(images.map(({ record }) => record)), ...Object.fromEntries(own) };
}

/** Puts files where they belong on this machine. */
export function writeFiles(files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Programs of the names `skopeo`, `podman` and `buildah`, and no others, on the search path of this process. */
export interface StorageTools {
  /** A directory of the group. */
  readonly directory: string;
  /** Makes one of a shell script, which finds the directory to fill in `$to`; what a good one copies there is in `$copies`. */
  write(name: "skopeo" | "podman" | "buildah", script: string): void;
  /** Returns every call since the test began. */
  calls(): readonly string[];
}

/** Script of a program that copies an image. */
export const copying = 'cp "$copies"/* "$to"';

/** Takes away all that is on the search path but these programs while the tests of a group run. */
export function useStorageTools(): StorageTools {
  const path = process.env.PATH ?? "";
  const tools = { directory: "" };
  const bin = (): string => join(tools.directory, "bin");
  const log = (): string => join(tools.directory, "calls");
  beforeAll(() => {
    tools.directory = realpathSync(mkdtempSync(join(tmpdir(), "ocidex-storage-")));
    process.env.PATH = bin();
  });
  beforeEach(() => {
    rmSync(log(), { force: true });
    rmSync(bin(), { recursive: true, force: true });
    mkdirSync(bin());
  });
  afterAll(() => {
    process.env.PATH = path;
    rmSync(tools.directory, { recursive: true });
  });
  return {
    get directory() {
      return tools.directory;
    },
    write(name, script) {
      const file = join(bin(), name);
      const lines = [
        "#!/bin/sh",
        "PATH=/usr/bin:/bin",
        `echo "${name} $*" >> '${log()}'`,
        'for to; do :; done; to=$(echo "$to" | sed s/^dir://)',
        `copies='${tools.directory}/copies'`,
      ];
      writeFileSync(file, `${lines.join("\n")}\n${script}\n`);
      chmodSync(file, 0o755);
    },
    calls: () => (existsSync(log()) ? readFileSync(log(), "utf8").trimEnd().split("\n") : []),
  };
}
