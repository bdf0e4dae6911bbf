import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { artifactCases, artifactFiles } from "../../golden/artifacts/cases.ts";
import { putFiles } from "../../helper/files.ts";
import { openShell, textOf } from "./shell.ts";

const golden = "test/golden/artifacts";

describe("manifest add --artifact gives the bytes that buildah gave", () => {
  test.each(artifactCases.map(({ name, ...rest }) => [name, rest] as const))("of %s", async (name, { args, ours = args }) => {
    const shell = await openShell();
    await putFiles(shell.host, Object.fromEntries(artifactFiles));
    const { manifest, must, host } = shell;
    await must("create", "list");
    const { status, output } = await manifest("add", "--artifact", ...ours.map((word) => (word === "LIST" ? "list" : word)));
    expect(status).toBe(0);
    await must("push", "-q", "list", "dir:/out");
    expect(await textOf(host, "/out/manifest.json")).toBe(readFileSync(`${golden}/${name}.index.json`, "utf8"));
    const digest = output.trimEnd().split("sha256:").at(-1) ?? "";
    expect(await textOf(host, `/out/${digest}.manifest.json`)).toBe(readFileSync(`${golden}/${name}.manifest.json`, "utf8"));
  });

  test("of every recorded case", () => {
    const names = readdirSync(golden).flatMap((file) => (file.endsWith(".index.json") ? [file.slice(0, -".index.json".length)] : []));
    expect(names.sort()).toEqual(artifactCases.map(({ name }) => name).sort());
  });
});
