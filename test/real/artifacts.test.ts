import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, openContainers, sampleLayout } from "./containers.ts";
import { must, programs, type RunningRegistry, run, Scratch, startRegistry, tools } from "./helper.ts";
import { start } from "./process.ts";

const scratch = new Scratch();
const containers = openContainers(scratch);
const layout = scratch.join("samples");
const insecure = "--tls-verify=false";
const mebibyte = 2 ** 20;
const limit = 128 * mebibyte;
const env = { OCIDEX_ROOT: scratch.join("store"), XDG_CACHE_HOME: scratch.join("cache"), TMPDIR: scratch.path };

/** What the artifact is made of: words, noise, nothing, and the words again. */
const files: ReadonlyMap<string, Uint8Array> = new Map([
  ["note.txt", new TextEncoder().encode("hello\n")],
  ["noise.bin", crypto.getRandomValues(new Uint8Array(65_536))],
  ["empty", new Uint8Array()],
  ["odd <name> ü.txt", new TextEncoder().encode("hello\n")],
]);

function ocidex(...args: readonly string[]): string {
  return must([...programs.executable, "manifest", ...args], { cwd: scratch.path, env }).trim();
}

function regctl(host: string, ...args: readonly string[]): string {
  return must([join(tools, "bin", "regctl"), "--host", `reg=${host},tls=disabled`, ...args], { env: { REGCTL_CONFIG: scratch.join("regctl.json") } });
}

/** Returns the files in a directory. */
function filesIn(directory: string): ReadonlyMap<string, Uint8Array> {
  return new Map(readdirSync(directory).map((name) => [name, new Uint8Array(readFileSync(join(directory, name)))]));
}

/** Has skopeo copy a list, which must bring the artifact and its files; the index it writes anew, since it knows no type of artifacts in entries. */
function copyBySkopeo(location: string, artifact: string): void {
  const to = scratch.join("by-skopeo");
  rmSync(to, { recursive: true, force: true });
  const access = location.startsWith("docker://") ? ["--src-tls-verify=false"] : [];
  containers.skopeo("copy", "--quiet", "--all", ...access, location, `dir:${to}`);
  const back = filesIn(to);
  for (const bytes of files.values()) expect(back.get(digestOf(bytes).slice(7))).toEqual(bytes);
  expect(digestOf(back.get(`${artifact.slice(7)}.manifest.json`) ?? new Uint8Array())).toBe(artifact);
}

function put(): void {
  for (const [name, bytes] of files) writeFileSync(scratch.join(name), bytes);
}

beforeAll(() => sampleLayout(layout));
afterAll(() => {
  containers[Symbol.dispose]();
  scratch[Symbol.dispose]();
});

for (const version of [2, 3] as const) {
  describe(`an artifact in a list at distribution ${version}`, () => {
    let registry: RunningRegistry;
    const at = (name: string): string => `docker://${registry.host}/${name}`;
    beforeAll(async () => {
      put();
      registry = await startRegistry({ version, folder: scratch.join(`registry-${version}`) });
    });
    afterAll(() => registry[Symbol.asyncDispose]());

    function pullAll(repository: string, digest: string): void {
      const [fromOras, fromRegctl] = [scratch.join(`${repository}-oras-${version}`), scratch.join(`${repository}-regctl-${version}`)];
      must([join(tools, "bin", "oras"), "pull", "--plain-http", "--output", fromOras, `${registry.host}/${repository}@${digest}`], {
        env: { HOME: scratch.path },
      });
      expect(filesIn(fromOras)).toEqual(files);
      mkdirSync(fromRegctl);
      regctl(registry.host, "artifact", "get", "--output", fromRegctl, `${registry.host}/${repository}@${digest}`);
      expect(filesIn(fromRegctl)).toEqual(files);
    }

    it("that was added to a local list arrives beside the images as it was added, and oras, regctl and skopeo read it", () => {
      const list = `local-${version}`;
      ocidex("create", list, `oci:${layout}:amd64`);
      const digest = ocidex("add", "--artifact", "--artifact-type", "application/vnd.example.notes", list, ...files.keys()).split(": ")[1] ?? "";
      for (const name of files.keys()) rmSync(scratch.join(name));
      const pushed = ocidex("push", "--quiet", insecure, list, `${at("pushed")}:1`).split(": ")[1] ?? "";
      put();
      const raw = containers.raw(`${at("pushed")}:1`);
      expect(digestOf(raw)).toBe(pushed);
      expect(JSON.parse(raw.toString()).manifests[1]).toMatchObject({ digest, artifactType: "application/vnd.example.notes" });
      pullAll("pushed", digest);
      copyBySkopeo(`${at("pushed")}:1`, digest);
    });

    it("that is added where the list lies goes there at once, and is found by its subject and by its file", () => {
      ocidex("create", insecure, `${at("there")}:1`, `oci:${layout}:amd64`);
      const subject = digestOf(containers.raw(`${at("there")}:1`));
      const [index, digest = ""] = ocidex("add", "--artifact", insecure, "--artifact-subject", `${at("there")}:1`, `${at("there")}:1`, ...files.keys()).split(
        ": ",
      );
      expect(digestOf(containers.raw(`${at("there")}:1`))).toBe(index ?? "");
      pullAll("there", digest);
      expect(regctl(registry.host, "artifact", "list", `${registry.host}/there@${subject}`)).toContain(digest);
      expect(ocidex("inspect", "-o", "table", insecure, `${at("there")}:1`)).toContain([...files.keys()].join(", "));
      expect(ocidex("remove", insecure, `${at("there")}:1`, "noise.bin")).toEndWith(`: ${digest}`);
      expect(JSON.parse(containers.raw(`${at("there")}:1`).toString()).manifests).toHaveLength(1);
    });
  });
}

describe("an artifact in files", () => {
  it.each(["oci", "oci-archive", "dir"])("arrives in %s: as skopeo reads it", (transport) => {
    put();
    const list = `to-${transport}`;
    ocidex("create", list, `oci:${layout}:amd64`);
    const digest = ocidex("add", "--artifact", list, ...files.keys()).split(": ")[1] ?? "";
    const location = transport === "dir" ? `dir:${scratch.join("out-dir")}` : `${transport}:${scratch.join(`out-${transport}`)}:1`;
    const pushed = ocidex("push", "--quiet", list, location).split(": ")[1] ?? "";
    expect(digestOf(containers.raw(location))).toBe(pushed);
    copyBySkopeo(location, digest);
  });

  it("of 512 MiB is added in bounded memory, and so is it pushed", async () => {
    const path = scratch.join("large");
    must(["truncate", "--size", "512M", path]);
    ocidex("create", "large");
    const added = await start([...programs.executable, "manifest", "add", "--artifact", "large", path], { env, memory: true }).ended;
    const pushed = await start([...programs.executable, "manifest", "push", "--quiet", "large", `oci:${scratch.join("large-out")}:1`], { env, memory: true })
      .ended;
    expect([added.status, pushed.status]).toEqual([0, 0]);
    for (const { peak } of [added, pushed]) expect(peak).toBeLessThan(limit);
    rmSync(path);
  });
});

describe("what is no file", () => {
  it.each(["a pipe", "a link to a pipe", "a directory", "standard input"])("%s is refused in one line and not waited for", (kind) => {
    const name = scratch.join(kind.replaceAll(" ", "-"));
    must(["mkfifo", `${name}-fifo`]);
    if (kind === "a link to a pipe") symlinkSync(`${name}-fifo`, name);
    if (kind === "a directory") mkdirSync(name);
    const path = kind === "a pipe" ? `${name}-fifo` : kind === "standard input" ? "-" : name;
    ocidex("create", "--replace", "refusals");
    const { status, stdout, stderr } = run([...programs.executable, "manifest", "add", "--artifact", "refusals", path], { env, input: "x" });
    expect([status, stdout, stderr.trim().split("\n").length]).toEqual([125, "", 1]);
    expect(stderr).toStartWith("Error: Cannot add file ");
  });
});
