import { describe, expect, test } from "bun:test";
import { formatJson } from "../../../src/core/base/mod.ts";
import { putFiles } from "../../helper/files.ts";
import { putImage, putIndexBytes, readAt } from "../../helper/lists.ts";
import { seedImage, seedIndex } from "../../helper/registry.ts";
import { digestOf, openShell, withRegistry } from "./shell.ts";

const size = (bytes: number): string => `${bytes} B`;

describe("manifest inspect", () => {
  test("prints the document as 4-space JSON, members in the order in which they are pushed", async () => {
    const { must, amd64, manifest } = await openShell();
    await must("create", "--annotation", "a=1", "--artifact-type", "application/x", "foo", "oci:/src:amd64");
    expect((await manifest("inspect", "foo")).output).toBe(`{
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "artifactType": "application/x",
    "manifests": [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": "${digestOf(amd64)}",
            "size": ${amd64.bytes.length},
            "platform": {
                "architecture": "amd64",
                "os": "linux"
            }
        }
    ],
    "annotations": {
        "a": "1"
    }
}
`);
  });

  test("-o raw prints the bytes that are pushed, without a line end", async () => {
    const { host, must, manifest } = await openShell();
    await must("create", "foo", "oci:/src:amd64");
    await must("push", "-q", "foo", "dir:/out");
    const { bytes } = await readAt(host, "dir:/out");
    expect((await manifest("inspect", "-o", "raw", "foo")).output).toBe(new TextDecoder().decode(bytes));
  });

  test("keeps bytes, order and unknown members of what lies at a location", async () => {
    const { host, manifest } = await openShell();
    const text = `{ "manifests": [],\n "x": {"b": 1.0, "a": "é"}, "mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}`;
    const { bytes } = await putIndexBytes(host, "oci:/place:1", text);
    expect((await manifest("inspect", "--output=raw", "oci:/place:1")).output).toBe(text);
    expect((await manifest("inspect", "oci:/place:1")).output).toBe(`${formatJson(bytes, 4)}\n`);
  });

  test("-o table prints an entry per line, with platform, size, digest and annotations", async () => {
    const { must, multi, amd64, arm64, attestation } = await openShell();
    await must("create", "--all", "--annotation", "i=1", "foo", "oci:/src:multi");
    const lines = await must("inspect", "-o", "table", "foo");
    expect(lines.slice(1, 3)).toEqual(["type         application/vnd.oci.image.index.v1+json", "annotations  i=1"]);
    const rows = lines.slice(lines.indexOf("") + 1).map((line) => line.split(/ {2,}/));
    expect(rows).toEqual([
      ["PLATFORM", "SIZE", "DIGEST", "ANNOTATIONS"],
      ["linux/amd64", size(amd64.bytes.length), digestOf(amd64), "from=source"],
      ["linux/arm64/v8", size(arm64.bytes.length), digestOf(arm64)],
      ["attestation", size(attestation.bytes.length), digestOf(attestation), expect.stringContaining(`vnd.docker.reference.digest=${digestOf(amd64)}`)],
    ]);
    expect((await must("inspect", "-o", "table", "oci:/src:multi"))[0]).toBe(`digest       ${digestOf(multi)}`);
  });

  test("-o tree prints annotations, layers and attestations under their image", async () => {
    const { must, multi, amd64, arm64, attestation } = await openShell();
    const partsOf = ({ value }: typeof amd64) =>
      "layers" in value ? [value.config, ...value.layers].map((part) => `${part.mediaType}  ${part.digest}  ${size(part.size)}`) : [];
    const [[config, layer] = [], [statementConfig, statement] = [], [armConfig, armLayer] = []] = [amd64, attestation, arm64].map(partsOf);
    expect(await must("inspect", "-o", "tree", "oci:/src:multi")).toEqual([
      `${digestOf(multi)}  application/vnd.oci.image.index.v1+json`,
      "│ described=yes",
      `├─ linux/amd64  ${digestOf(amd64)}  ${size(amd64.bytes.length)}`,
      "│  ├─ from=source",
      `│  ├─ ${config}`,
      `│  ├─ ${layer}`,
      `│  └─ attestation  ${digestOf(attestation)}  ${size(attestation.bytes.length)}`,
      `│     ├─ ${statementConfig}`,
      `│     └─ ${statement}`,
      `└─ linux/arm64/v8  ${digestOf(arm64)}  ${size(arm64.bytes.length)}`,
      `   ├─ ${armConfig}`,
      `   └─ ${armLayer}`,
    ]);
  });

  test("-o tree says which images cannot be read, and shows the others", async () => {
    const { host, manifest, must, amd64 } = await openShell();
    await must("create", "foo", "oci:/src:amd64", "oci:/src:arm64");
    await host.files.remove(`/src/blobs/sha256/${digestOf(amd64).slice(7)}`);
    const { status, output, errors } = await manifest("inspect", "-o", "tree", "foo");
    expect([status, output.split("\n").length]).toEqual([0, 6]);
    expect(errors).toContain(digestOf(amd64));
  });

  test("-o tree loses no attestation of an image that is not in the list", async () => {
    const { must, attestation } = await openShell();
    await must("create", "--all", "foo", "oci:/src:multi");
    await must("remove", "foo", "linux/amd64");
    expect((await must("inspect", "-o", "tree", "foo")).filter((line) => line.includes(digestOf(attestation)))).toHaveLength(1);
  });

  test("names the files of artifacts, in a table and in a tree", async () => {
    const { host, must } = await openShell();
    await putFiles(host, { "/note.txt": "hello", "/data.json": "{}", "/untitled": "x" });
    await must("create", "foo", "oci:/src:amd64");
    await must("add", "--artifact", "--annotation", "a=1", "foo", "/note.txt", "/data.json");
    await must("add", "--artifact", "--artifact-exclude-titles", "--artifact-type", "application/x", "foo", "/untitled");
    await must("push", "-q", "foo", "oci:/out:1");
    const rows = (lines: readonly string[]) =>
      lines.slice(lines.indexOf("") + 1).map((line) => line.split(/ {2,}/).filter((cell) => !/^sha256:| B$/.test(cell)));
    expect(rows(await must("inspect", "-o", "table", "foo"))).toEqual([
      ["PLATFORM", "SIZE", "DIGEST", "FILES", "ANNOTATIONS"],
      ["linux/amd64"],
      ["application/vnd.unknown.artifact.v1", "note.txt, data.json", "a=1"],
      ["application/x", "untitled"],
    ]);
    expect(rows(await must("inspect", "-o", "table", "oci:/out:1")).slice(2)).toEqual([
      ["application/vnd.unknown.artifact.v1", "note.txt, data.json", "a=1"],
      ["application/x"],
    ]);
    const tree = (await must("inspect", "-o", "tree", "foo")).slice(4).map((line) => line.replace(/ {2}sha256:.*/, ""));
    expect(tree).toEqual([
      "├─ application/vnd.unknown.artifact.v1",
      "│  ├─ a=1",
      "│  ├─ application/vnd.oci.empty.v1+json",
      "│  ├─ note.txt  text/plain",
      "│  └─ data.json  application/json",
      "└─ application/x",
      "   ├─ files untitled",
      "   ├─ application/vnd.oci.empty.v1+json",
      "   └─ text/plain",
    ]);
  });

  test("of an artifact alone names its files", async () => {
    const { host, must } = await openShell();
    await putFiles(host, { "/note.txt": "hello" });
    await must("create", "dir:/out");
    await must("add", "--artifact", "dir:/out", "/note.txt");
    const { manifests } = await readAt(host, "dir:/out").then(({ value }) => ("manifests" in value ? value : { manifests: [] }));
    await host.files.rename(`/out/${manifests[0]?.digest.slice(7)}.manifest.json`, "/out/manifest.json");
    const lines = await must("inspect", "-o", "table", "dir:/out");
    expect(lines.slice(-3).map((line) => line.split(/ {2,}/).filter((cell) => !/^sha256:/.test(cell)))).toEqual([
      ["PART", "SIZE", "DIGEST", "FILE", "TYPE"],
      ["config", "2 B", "application/vnd.oci.empty.v1+json"],
      ["layer 1", "5 B", "note.txt", "text/plain"],
    ]);
  });

  test("works on a single image too, in every form", async () => {
    const { host, must, amd64, manifest } = await openShell();
    const artifact = await putImage(host, "oci:/src:artifact", { artifactType: "application/x", layers: ["one", "three"], annotations: { a: "1" } });
    expect((await manifest("inspect", "-o", "raw", "oci:/src:amd64")).output).toBe(new TextDecoder().decode(amd64.bytes));
    const table = await must("inspect", "-o", "table", "oci:/src:artifact");
    expect(table.slice(0, 4)).toEqual([
      `digest       ${digestOf(artifact)}`,
      "type         application/vnd.oci.image.manifest.v1+json",
      "artifactType application/x",
      "annotations  a=1",
    ]);
    expect(table.slice(-2).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ["layer 1", "3 B"],
      ["layer 2", "5 B"],
    ]);
    const tree = await must("inspect", "-o", "tree", "oci:/src:artifact");
    expect(tree).toHaveLength(6);
    expect(tree[1]).toBe("│ artifactType application/x");
    expect(tree.at(-1)).toMatch(/^└─ application\/vnd\.oci\.image\.layer\.v1\.tar\+gzip {2}sha256:[0-9a-f]{64} {2}5 B$/);
  });

  test("of an ID works, and of an unknown name says so", async () => {
    const { must, fail } = await openShell();
    const [id = ""] = await must("create", "foo");
    expect(await must("inspect", id)).toEqual(await must("inspect", "foo"));
    expect(await fail("inspect", "none")).toBe("Error: none: image not known");
    expect(await fail("inspect", "foo", "bar")).toBe("Error: accepts 1 arg(s), received 2: ocidex manifest inspect LIST");
  });

  test("of a name that is not stored asks the registry; a stored one wins", async () => {
    await withRegistry({}, async (registry) => {
      const { must } = await openShell();
      const { manifest } = seedImage(registry, "app", "amd64");
      const { digest } = seedIndex(registry, "app", "1", [manifest]);
      const name = `${registry.host}/app:1`;
      expect((await must("inspect", "--tls-verify=false", "-o", "table", name))[0]).toBe(`digest       ${digest}`);
      await must("create", name);
      registry.clear();
      expect((await must("inspect", name)).join("")).toContain('"manifests": []');
      expect(registry.requests).toEqual([]);
    });
  });

  test("shows what came from outside without its control characters", async () => {
    const { must, manifest } = await openShell();
    await must("create", "--annotation", "evil=\u001b[31mred\u0007", "foo");
    for (const form of ["json", "table", "tree"]) expect((await manifest("inspect", "-o", form, "foo")).output).not.toMatch(/[\u001b\u0007]/);
  });
});
