/**
 * Records the artifacts that real buildah makes, 1.44 or later: `bun scripts/golden-artifacts.ts BUILDAH` as root.
 * The manifests and indexes go to `test/golden/artifacts`, with the commands that gave them.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ArtifactCase, artifactCases, artifactFiles } from "../test/golden/artifacts/cases.ts";
import { run, section, shell } from "./golden-shell.ts";

const [buildah = "buildah"] = process.argv.slice(2);
const here = mkdtempSync(join(tmpdir(), "golden-"));
const golden = join(import.meta.dirname, "..", "test", "golden", "artifacts");
const desk = join(here, "desk");

/** What a machine says of media types would go before what Go has built in, so it is taken away first. */
const withoutTables =
  'for f in /etc/mime.types /usr/share/mime/globs2 /usr/local/share/mime/globs2; do [ ! -e "$f" ] || mount --bind /dev/null "$f"; done; exec "$@"';

function runBuildah(root: string, args: readonly string[]): void {
  const global = ["--root", join(root, "root"), "--runroot", join(root, "run"), "--storage-driver", "vfs"];
  run("unshare", ["-m", "sh", "-c", withoutTables, "sh", buildah, ...global, "manifest", ...args], desk);
}

function record({ name, note, args }: ArtifactCase): string {
  const root = join(here, name);
  const to = join(root, "pushed");
  const policy = join(here, "policy.json");
  runBuildah(root, ["create", "list"]);
  runBuildah(root, ["add", "--artifact", ...args.map((word) => (word === "LIST" ? "list" : word))]);
  runBuildah(root, ["push", "--signature-policy", policy, "--all", "list", `dir:${to}`]);
  const manifest = readdirSync(to).find((file) => file.endsWith(".manifest.json")) ?? "";
  writeFileSync(join(golden, `${name}.index.json`), readFileSync(join(to, "manifest.json")));
  writeFileSync(join(golden, `${name}.manifest.json`), readFileSync(join(to, manifest)));
  const steps = [
    ["create", "LIST"],
    ["add", "--artifact", ...args],
    ["push", "--all", "LIST", "dir:DEST"],
  ];
  return section(name, note, steps.map((step) => `buildah manifest ${step.map(shell).join(" ")}`).join("\n"));
}

try {
  for (const [path, text] of artifactFiles) {
    mkdirSync(dirname(join(desk, path)), { recursive: true });
    writeFileSync(join(desk, path), text, "latin1");
  }
  writeFileSync(join(here, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
  const sections = artifactCases.map(record);
  writeFileSync(
    join(golden, "README.md"),
    `# Golden artifacts

Written by \`scripts/golden-artifacts.ts\` with ${run(buildah, ["--version"]).trim()}: manifest and index as they were pushed, to the byte.
The files, and the layout with the subjects, are in \`cases.ts\`. LIST is a new local list; the machine's own tables of media types were taken away.

buildah of this version in Go's module cache is built without cgo libraries by
\`go build -mod=mod -tags "exclude_graphdriver_btrfs exclude_graphdriver_devicemapper containers_image_openpgp" ./cmd/buildah\` in a copy of \`go.podman.io/buildah\`.

${sections.join("\n")}`,
  );
} finally {
  rmSync(here, { recursive: true, force: true });
}
