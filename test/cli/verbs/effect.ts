import { expect } from "bun:test";
import { mediaTypes } from "../../../src/core/spec/mod.ts";
import { putFiles } from "../../helper/files.ts";
import type { Source } from "../../helper/lists.ts";
import { type InspectedEntry, type Shell, textOf } from "./shell.ts";

/** Shows the effect of one flag; without it the check fails. */
export type Check = (shell: Shell & Source) => Promise<void>;

/** Returns the platform that a flag gives the entry of a single image. */
export function sets(verb: "add" | "annotate" | "create", flag: string, value: string, seen: Readonly<Record<string, unknown>>): Check {
  return async ({ must, inspect }) => {
    const format = flag === "features" ? ["--format", "v2s2"] : [];
    if (verb === "create") await must("create", `--${flag}`, value, "app", "oci:/src:amd64");
    else await must("create", ...format, "app", ...(verb === "annotate" ? ["oci:/src:amd64"] : []));
    if (verb === "add") await must("add", `--${flag}`, value, "app", "oci:/src:amd64");
    if (verb === "annotate") await must("annotate", `--${flag}`, value, "app", "linux/amd64");
    expect((await inspect("app")).manifests[0]?.platform).toEqual({ architecture: "amd64", os: "linux", ...seen });
  };
}

/** Returns the check that a verb prints one JSON object. */
export const json =
  (verb: readonly string[], seen: object): Check =>
  async ({ must }) => {
    await must("create", "app", "oci:/src:amd64");
    const lines = await must(...verb);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject(seen);
  };

/** What {@linkcode artifact} shows: the entry, the manifest, and what can be referred to. */
interface Shown {
  readonly entry: InspectedEntry;
  readonly manifest: InspectedManifest;
  readonly source: Source;
}

interface InspectedManifest {
  readonly artifactType?: string;
  readonly config: InspectedEntry;
  readonly layers: readonly InspectedEntry[];
  readonly subject?: InspectedEntry;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Returns the check of an artifact that was added with `flags`, as it is pushed. */
export function artifact(flags: readonly string[], check: (shown: Shown) => void): Check {
  return async (shell) => {
    const { host, must, inspect } = shell;
    await putFiles(host, { "/note.txt": "hello", "/config.json": '{"os":"any"}' });
    await must("create", "app");
    await must("add", "--artifact", ...flags, "app", "/note.txt");
    await must("push", "-q", "app", "oci:/out:1");
    const [entry] = (await inspect("app")).manifests;
    if (entry === undefined) throw new Error("no entry");
    check({ entry, manifest: JSON.parse(await textOf(host, `/out/blobs/sha256/${entry.digest.slice(7)}`)), source: shell });
  };
}

/** Whatever else a result says, these are in it. */
export const result: object = {
  id: expect.stringMatching(/^[0-9a-f]{64}$/),
  names: ["localhost/app:latest"],
  digest: expect.stringMatching(/^sha256:/),
  size: expect.any(Number),
  mediaType: mediaTypes.ociIndex,
};
