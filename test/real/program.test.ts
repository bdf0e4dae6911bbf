import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { digestOf, openContainers, sampleLayout } from "./containers.ts";
import { openGate } from "./gate.ts";
import { must, programs, type RunningRegistry, run, Scratch, startRegistry } from "./helper.ts";
import { start } from "./process.ts";
import { seedImage } from "./seed.ts";

const scratch = new Scratch();
const layout = scratch.join("samples");
const insecure = "--tls-verify=false";
const kinds = ["executable", "npm bundle"] as const;
const mebibyte = 2 ** 20;

beforeAll(() => sampleLayout(layout));
afterAll(() => scratch[Symbol.dispose]());

describe("a push of big images", () => {
  let [from, to]: (RunningRegistry | undefined)[] = [];
  const hosts = (): readonly [string, string] => [from?.host ?? "", to?.host ?? ""];
  beforeAll(async () => {
    from = await startRegistry({ version: 2, folder: scratch.join("from") });
    to = await startRegistry({ version: 3, folder: scratch.join("to") });
    for (const architecture of ["amd64", "arm64"]) await seedImage(from.host, "big", architecture, { architecture, layerSize: 48 * mebibyte });
  });
  afterAll(async () => {
    await from?.[Symbol.asyncDispose]();
    await to?.[Symbol.asyncDispose]();
  });

  async function interrupted(
    program: keyof typeof programs,
    repository: string,
    signal: NodeJS.Signals,
  ): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string; readonly list: string; readonly env: Record<string, string> }> {
    const [source, target] = hosts();
    const env = { OCIDEX_ROOT: scratch.join("store", repository), XDG_CACHE_HOME: scratch.join("cache", repository) };
    must([...programs[program], "manifest", "create", insecure, "big", `docker://${source}/big:amd64`, `docker://${source}/big:arm64`], { env });
    await using gate = await openGate(target, 20 * mebibyte);
    const pushing = start([...programs[program], "manifest", "push", insecure, "big", `docker://${gate.host}/${repository}:1`], { env });
    await gate.closed;
    pushing.kill(signal);
    return { ...(await pushing.ended), list: "big", env };
  }

  for (const program of kinds) {
    const repository = program.replace(" ", "-");
    it(`ends with 130 when the ${program} is interrupted: one line, no tag, and the next push does it`, async () => {
      const { status, stdout, stderr, env } = await interrupted(program, `interrupted/${repository}`, "SIGINT");
      const target = `docker://${hosts()[1]}/interrupted/${repository}:1`;
      expect({ status, stdout }).toEqual({ status: 130, stdout: "" });
      expect(stderr).toEndWith("\nError: interrupted\n");
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(run([...programs[program], "manifest", "exists", insecure, target]).status).toBe(1);
      const again = must([...programs[program], "manifest", "push", "--quiet", insecure, "big", target], { env });
      using containers = openContainers(scratch);
      expect(again).toEndWith(`: ${digestOf(containers.raw(target))}\n`);
    });

    it(`leaves no tag when the ${program} is killed, and the next push does it`, async () => {
      const { status, env } = await interrupted(program, `killed/${repository}`, "SIGKILL");
      const target = `docker://${hosts()[1]}/killed/${repository}:1`;
      expect(status).toBe(128);
      expect(run([...programs[program], "manifest", "exists", insecure, target]).status).toBe(1);
      const again = must([...programs[program], "manifest", "push", "--quiet", insecure, "big", target], { env });
      using containers = openContainers(scratch);
      expect(again).toEndWith(`: ${digestOf(containers.raw(target))}\n`);
      containers.skopeo("copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false", target, `dir:${scratch.join(`copy-${repository}`)}`);
    });
  }

  it("to a layout leaves its index as it was when it is interrupted", async () => {
    const folder = scratch.join("layout-interrupted");
    const env = { OCIDEX_ROOT: scratch.join("store-layout"), XDG_CACHE_HOME: scratch.join("cache") };
    must([...programs.executable, "manifest", "create", `oci:${folder}:1`, `oci:${layout}:amd64`], { env });
    const before = readFileSync(`${folder}/index.json`, "utf8");
    await using gate = await openGate(hosts()[0], 20 * mebibyte, "down");
    const pushing = start(
      [...programs.executable, "manifest", "create", insecure, `oci:${folder}:2`, `docker://${gate.host}/big:amd64`, `docker://${gate.host}/big:arm64`],
      { env },
    );
    await gate.closed;
    pushing.kill("SIGINT");
    const { status, stdout, stderr } = await pushing.ended;
    expect({ status, stdout, stderr }).toEqual({ status: 130, stdout: "", stderr: "Error: interrupted\n" });
    expect(readFileSync(`${folder}/index.json`, "utf8")).toBe(before);
    expect(readdirSync(`${folder}/blobs/sha256`).filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([]);
  });
});

describe("the reader of the output", () => {
  for (const program of kinds) {
    it(`may go away early: the ${program} ends quietly`, async () => {
      const big = scratch.join("many");
      await writeManyEntries(big, 5000);
      const script = `set -o pipefail; "$@" manifest inspect oci:${big}:many | head -n 1`;
      const { status, stdout, stderr } = run(["bash", "-c", script, "bash", ...programs[program]]);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "{\n", stderr: "" });
    });
  }
});

async function writeManyEntries(folder: string, count: number): Promise<void> {
  if (existsSync(folder)) return;
  const manifests = Array.from({ length: count }, (_, at) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: digestOf(new TextEncoder().encode(`${at}`)),
    size: 500,
    platform: { os: "linux", architecture: "amd64", variant: `v${at}` },
  }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  const digest = digestOf(bytes);
  mkdirSync(`${folder}/blobs/sha256`, { recursive: true });
  writeFileSync(`${folder}/blobs/sha256/${digest.slice(7)}`, bytes);
  writeFileSync(`${folder}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  const named = { mediaType, digest, size: bytes.length, annotations: { "org.opencontainers.image.ref.name": "many" } };
  writeFileSync(`${folder}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [named] }));
}

describe("a hostile directory", () => {
  for (const program of kinds) {
    it(`does nothing to the ${program} that is started in it`, () => {
      const folder = scratch.join(`hostile-${program.replace(" ", "-")}`);
      const owned = scratch.join(`owned-${program.replace(" ", "-")}`);
      mkdirSync(`${folder}/node_modules/citty`, { recursive: true });
      const evil = `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(owned)}, "owned");\n`;
      for (const name of ["evil.ts", "evil.js", "node_modules/citty/index.js", "ocidex.ts", "index.ts"]) writeFileSync(`${folder}/${name}`, evil);
      writeFileSync(`${folder}/node_modules/citty/package.json`, '{"name": "citty", "main": "index.js", "type": "module"}');
      writeFileSync(`${folder}/bunfig.toml`, 'preload = ["./evil.ts"]\n[test]\npreload = ["./evil.ts"]\n[run]\nshell = "system"\n');
      writeFileSync(
        `${folder}/package.json`,
        '{"name": "hostile", "type": "commonjs", "imports": {"#x": "./evil.js"}, "scripts": {"manifest": "touch owned"}}',
      );
      writeFileSync(`${folder}/tsconfig.json`, '{"compilerOptions": {"paths": {"*": ["./evil.ts"]}}}');
      for (const name of [".env", ".env.local", ".env.production", ".env.development"]) {
        writeFileSync(
          `${folder}/${name}`,
          `OCIDEX_FORMAT=v2s2\nOCIDEX_ROOT=${folder}/stolen\nXDG_DATA_HOME=${folder}/stolen\nBUN_OPTIONS=--preload=./evil.ts\nNODE_OPTIONS=--require=./evil.js\n`,
        );
      }
      const before = readdirSync(folder).sort();
      const data = scratch.join("data", program);
      const ocidex = (...args: readonly string[]): string =>
        must([...programs[program], "manifest", ...args], { cwd: folder, env: { XDG_DATA_HOME: data, XDG_CACHE_HOME: data, OCIDEX_ROOT: "" } });
      ocidex("create", "app", `oci:${layout}:amd64`);
      expect(JSON.parse(ocidex("inspect", "app")).mediaType).toBe("application/vnd.oci.image.index.v1+json");
      expect(existsSync(data)).toBe(true);
      expect(existsSync(owned)).toBe(false);
      expect(readdirSync(folder).sort()).toEqual(before);
      must([process.execPath, "-e", "0"], { cwd: folder });
      expect(existsSync(owned)).toBe(true);
    });
  }
});
