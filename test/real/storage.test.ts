import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { asRoot, digestOf, openContainers } from "./containers.ts";
import { must, programs, type Ran, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";
import { start } from "./process.ts";

const scratch = new Scratch();
const containers = openContainers(scratch);
const insecure = "--tls-verify=false";
const env = {
  OCIDEX_ROOT: scratch.join("store"),
  XDG_CACHE_HOME: scratch.join("cache"),
  TMPDIR: scratch.join("work"),
  CONTAINERS_STORAGE_CONF: scratch.join("storage.conf"),
};
const limit = 128 * 2 ** 20;
let registry: RunningRegistry;

/** Runs a command as root, to whom the storage belongs. */
function tryAsRoot(command: readonly string[], more: Readonly<Record<string, string>> = {}): Ran {
  const variables = Object.entries({ ...env, ...more }).map((pair) => pair.join("="));
  return run([...asRoot, "env", ...variables, ...command]);
}

function mustAsRoot(command: readonly string[], more?: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr } = tryAsRoot(command, more);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr}${stdout}`);
  return stdout.trim();
}

/** Flags that say which storage is meant, of a driver each. */
const flags = (driver: string): readonly string[] => [
  "--root",
  scratch.join(driver, "root"),
  "--runroot",
  scratch.join(driver, "run"),
  "--storage-driver",
  driver,
];
const buildah = (driver: string, ...args: readonly string[]): string => mustAsRoot(["buildah", ...flags(driver), ...args]);
const ocidex = (...args: readonly string[]): string => mustAsRoot([...programs.executable, ...args]);

/** Builds an image from scratch with these layers and returns its ID. */
function build(
  driver: string,
  name: string,
  { format = "oci", layers = ["hello", "noise"] }: { readonly format?: string; readonly layers?: readonly string[] } = {},
): string {
  const file = scratch.join(`Containerfile-${layers.length}`);
  writeFileSync(file, ["FROM scratch", ...layers.map((layer) => `COPY ${layer} /${layer}`), "LABEL a=b", ""].join("\n"));
  const args = ["build", "--quiet", "--isolation", "chroot", "--layers", "--format", format, "--tag", name, "--file", file, scratch.join("context")];
  return (
    buildah(driver, ...args)
      .split("\n")
      .at(-1) ?? ""
  );
}

/** Pushes an image with buildah, and returns digest and config of what arrives. */
function pushed(driver: string, name: string): { readonly digest: string; readonly diffIds: unknown } {
  const location = `docker://${registry.host}/buildah/${driver}/${name}`;
  buildah(driver, "push", "--quiet", insecure, name, location);
  return { digest: digestOf(containers.raw(location)), diffIds: diffIds(location) };
}

function diffIds(location: string): unknown {
  return JSON.parse(must(["skopeo", "inspect", "--config", insecure, location])).rootfs.diff_ids;
}

/** The overlay driver leaves its directory mounted upon itself. */
function removeStorage(driver: string): void {
  run([...asRoot, "umount", scratch.join(driver, "root", driver)]);
  must([...asRoot, "rm", "-rf", scratch.join(driver)]);
}

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly mediaType: string; readonly platform?: { readonly architecture: string } }[];
}

const entries = (list: string): readonly string[] => (JSON.parse(ocidex("manifest", "inspect", list)) as Index).manifests.map(({ digest }) => digest);
const left = (): readonly string[] => readdirSync(env.TMPDIR).filter((name) => name.startsWith(".ocidex-"));

beforeAll(async () => {
  for (const folder of ["context", "work", "bin"]) mkdirSync(scratch.join(folder));
  writeFileSync(scratch.join("context", "hello"), "Hello\n");
  writeFileSync(scratch.join("context", "noise"), randomBytes(300_000).toString("base64"));
  writeFileSync(
    env.CONTAINERS_STORAGE_CONF,
    `[storage]\ndriver = "vfs"\ngraphroot = "${scratch.join("vfs", "root")}"\nrunroot = "${scratch.join("vfs", "run")}"\n`,
  );
  registry = await startRegistry({ version: 2, folder: scratch.join("registry") });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  containers[Symbol.dispose]();
  for (const driver of ["vfs", "overlay"]) removeStorage(driver);
  must([...asRoot, "rm", "-rf", ...["store", "work", "cache", "data"].map((folder) => scratch.join(folder))]);
  scratch[Symbol.dispose]();
});

describe.each(["vfs", "overlay"])("an image that buildah has built in %s storage", (driver) => {
  const specifier = `[${driver}@${scratch.join(driver, "root")}+${scratch.join(driver, "run")}]`;

  it("has the digest and the layers of buildah's own push, by name, by ID and by bare name, and is pushed when image and storage are gone", () => {
    const expected: string[] = [];
    for (const format of ["oci", "docker"]) {
      const name = `app-${format}`;
      const id = build(driver, name, { format });
      const theirs = pushed(driver, name);
      expected.push(theirs.digest);
      const list = `${driver}-${format}`;
      for (const image of [
        `containers-storage:${specifier}${name}`,
        `containers-storage:${specifier}@${id}`,
        `containers-storage:${specifier}localhost/${name}:latest`,
      ]) {
        ocidex("manifest", "create", "--replace", list, image);
        expect(entries(list)).toEqual([theirs.digest]);
      }
      for (const image of [name, `localhost/${name}`, id.slice(0, 12)]) {
        mustAsRoot([...programs.executable, ...flags(driver), "manifest", "create", "--replace", list, image], { XDG_DATA_HOME: scratch.join("data") });
        const { stdout } = tryAsRoot([...programs.executable, ...flags(driver), "manifest", "inspect", list]);
        expect((JSON.parse(stdout) as Index).manifests.map(({ digest }) => digest)).toEqual([theirs.digest]);
      }
      expect(theirs.diffIds).toHaveLength(2);
    }
    expect(left()).toEqual([]);
    removeStorage(driver);
    for (const [at, format] of ["oci", "docker"].entries()) {
      const target = `docker://${registry.host}/ocidex/${driver}-${format}:1`;
      ocidex("manifest", "push", insecure, `${driver}-${format}`, target);
      const index = JSON.parse(containers.raw(target).toString()) as Index;
      expect(index.manifests.map(({ digest }) => digest)).toEqual([expected[at] ?? ""]);
      expect(digestOf(containers.raw(`docker://${registry.host}/ocidex/${driver}-${format}@${expected[at]}`))).toBe(expected[at] ?? "");
      expect(index.manifests[0]?.mediaType).toContain(format);
      containers.skopeo("copy", "--quiet", "--src-tls-verify=false", target, `dir:${scratch.join(`read-${driver}-${format}`)}`);
      expect(diffIds(target)).toEqual(diffIds(`docker://${registry.host}/buildah/${driver}/app-${format}`));
    }
  });
});

describe("a list that buildah build --manifest has made in vfs storage", () => {
  it("gives an index of the same bytes as buildah's own push, and is pushed when the storage is gone", () => {
    const file = scratch.join("Containerfile-both");
    writeFileSync(file, "FROM scratch\nCOPY hello /hello\n");
    const platforms = ["--platform", "linux/amd64,linux/arm64/v8"];
    buildah("vfs", "build", "--quiet", "--isolation", "chroot", "--manifest", "both", ...platforms, "--file", file, scratch.join("context"));
    const theirs = `docker://${registry.host}/buildah/both:1`;
    buildah("vfs", "manifest", "push", "--quiet", "--all", insecure, "both", theirs);
    ocidex("manifest", "create", "--all", "ours", "containers-storage:both");
    ocidex("manifest", "create", "--platform", "linux/arm64", "arm64", "both");
    removeStorage("vfs");
    const ours = `docker://${registry.host}/ocidex/both:1`;
    ocidex("manifest", "push", insecure, "ours", ours);
    expect(containers.raw(ours).toString()).toBe(containers.raw(theirs).toString());
    // buildah builds both at once, and the one that is ready first stands first.
    const { manifests } = JSON.parse(containers.raw(ours).toString()) as Index;
    expect(entries("arm64")).toEqual(manifests.filter(({ platform }) => platform?.architecture === "arm64").map(({ digest }) => digest));
    expect(entries("arm64")).toHaveLength(1);
  });
});

describe("container storage is read", () => {
  const list = "tools";
  /** Returns a search path on which of these programs only one is. */
  function only(program: string): string {
    const folder = scratch.join("bin", program);
    mkdirSync(folder, { recursive: true });
    const needed = ["sh", "newuidmap", "newgidmap", program, ...(program === "podman" ? ["conmon", "crun", "runc"] : [])];
    for (const each of needed) {
      const path = Bun.which(each);
      if (path !== null) symlinkSync(path, scratch.join("bin", program, each));
    }
    return folder;
  }

  for (const program of ["skopeo", "podman", "buildah"]) {
    // Debian's podman is what .ci/run installs.
    it.skipIf(Bun.which(program) === null)(`by ${program}, with the same digest`, () => {
      build("vfs", "app");
      const { digest } = pushed("vfs", "app");
      mustAsRoot([...programs.executable, "manifest", "create", "--replace", list, "app"], { PATH: only(program) });
      expect(entries(list)).toEqual([digest]);
      expect(left()).toEqual([]);
    });
  }

  it("of nobody where none of them is installed", () => {
    build("vfs", "app");
    const { status, stderr } = tryAsRoot([...programs.executable, "manifest", "create", "none", "app"], { PATH: scratch.join("bin") });
    expect([status, stderr]).toEqual([125, expect.stringContaining('none of them is installed, expected one, for example of the package "skopeo"')]);
  });

  it("with an image that has no layers, and one that shares its layers with another", () => {
    const ids = [build("vfs", "empty", { layers: [] }), build("vfs", "one", { layers: ["hello"] }), build("vfs", "app")];
    ocidex("manifest", "create", "--replace", list, ...ids.map((id) => `containers-storage:@${id}`));
    expect(entries(list)).toEqual(["empty", "one", "app"].map((name) => pushed("vfs", name).digest));
    const target = `docker://${registry.host}/ocidex/shared:1`;
    ocidex("manifest", "push", insecure, list, target);
    expect(containers.raw(target).toString()).toBe(ocidex("manifest", "inspect", "--output", "raw", list));
  });

  // The memory of what sudo has started cannot be seen.
  it.skipIf(asRoot.length > 0)("and pushed with little memory, a layer of 100 MiB included", async () => {
    writeFileSync(scratch.join("context", "large"), randomBytes(100 * 2 ** 20));
    build("vfs", "large", { layers: ["large"] });
    const { digest } = pushed("vfs", "large");
    const measured = async (...args: readonly string[]): Promise<number> => {
      const { status, stderr, peak } = await start([...programs.executable, "manifest", ...args], { env, memory: true }).ended;
      expect([status, stderr.includes("Error")]).toEqual([0, false]);
      return peak;
    };
    expect(await measured("create", "large", "containers-storage:large")).toBeLessThan(limit);
    expect(entries("large")).toEqual([digest]);
    expect(await measured("push", insecure, "large", `docker://${registry.host}/ocidex/large:1`)).toBeLessThan(limit);
  });

  /** Begins a command of somebody without privileges, who has only what is in his home. */
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-i", `PATH=${process.env.PATH}`, "BUILDAH_ISOLATION=chroot"];
  // It takes root to become somebody else, and a kernel that gives user namespaces away.
  const isRootless = asRoot.length === 0 && run([...nobody, "unshare", "--user", "--map-root-user", "true"]).status === 0;

  it.skipIf(!isRootless)("in the home of a user without privileges, with the digest of his own push", () => {
    const home = scratch.join("home");
    mkdirSync(home);
    must(["chmod", "755", scratch.path]);
    must(["cp", programs.executable[0], scratch.join("bin", "ocidex")]);
    must(["chown", "65534:65534", home]);
    const asNobody = (...command: readonly string[]): string =>
      must([...nobody, `HOME=${home}`, `XDG_RUNTIME_DIR=${home}`, `TMPDIR=${home}`, ...command], { cwd: home });
    writeFileSync(scratch.join("Containerfile-home"), "FROM scratch\nCOPY hello /hello\n");
    asNobody("buildah", "--storage-driver", "vfs", "build", "--quiet", "--tag", "mine", "--file", scratch.join("Containerfile-home"), scratch.join("context"));
    asNobody(scratch.join("bin", "ocidex"), "manifest", "create", "list", "mine");
    const location = `docker://${registry.host}/buildah/home:1`;
    asNobody("buildah", "--storage-driver", "vfs", "push", "--quiet", insecure, "mine", location);
    const list = JSON.parse(asNobody(scratch.join("bin", "ocidex"), "manifest", "inspect", "list")) as Index;
    expect(list.manifests.map(({ digest }) => digest)).toEqual([digestOf(containers.raw(location))]);
    expect(readdirSync(home).filter((name) => name.startsWith(".ocidex-"))).toEqual([]);
  });

  it("and never made", () => {
    const { status, stderr } = tryAsRoot([...programs.executable, ...flags("nowhere"), "manifest", "create", "x", "containers-storage:app"]);
    expect([status, stderr]).toEqual([125, expect.stringContaining("there is no container storage in")]);
    expect(readdirSync(scratch.path)).not.toContain("nowhere");
  });
});
