import { expect } from "bun:test";
import { mediaTypes } from "../../../src/core/spec/mod.ts";
import type { Source } from "../../helper/lists.ts";
import type { Shell } from "./shell.ts";

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

/** Whatever else a result says, these are in it. */
export const result: object = {
  id: expect.stringMatching(/^[0-9a-f]{64}$/),
  names: ["localhost/app:latest"],
  digest: expect.stringMatching(/^sha256:/),
  size: expect.any(Number),
  mediaType: mediaTypes.ociIndex,
};
