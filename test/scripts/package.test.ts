import { describe, expect, it } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const manifest: {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
} = JSON.parse(readFileSync("package.json", "utf8"));

describe("the npm package", () => {
  it("holds what was built, the papers and nothing else", () => {
    const { stdout, status } = spawnSync("npm", ["pack", "--dry-run", "--json", "--offline", "--ignore-scripts"], { encoding: "utf8" });
    expect(status).toBe(0);
    const [pack]: readonly { readonly files: readonly { readonly path: string }[] }[] = JSON.parse(stdout);
    const paths = pack?.files.map((file) => file.path) ?? [];
    expect(paths).toContain("package.json");
    expect(paths).toContain("LICENSE");
    expect(paths).toContain("README.md");
    expect(paths).toContain("CHANGELOG.md");
    const allowed = /^(?:package\.json|LICENSE|README\.md|CHANGELOG\.md|dist\/ocidex\.(?:mjs|d\.mts)|dist\/lib\/(?:mod|(?:core|host)\/[\w/-]+)\.(?:js|d\.ts))$/;
    expect(paths.filter((path) => !allowed.test(path))).toEqual([]);
  }, 60_000);

  it("names its program", () => {
    expect(manifest.bin).toEqual({ ocidex: "dist/ocidex.mjs" });
  });

  it("pins every dependency to one version (CVE-2026-23745, CVE-2026-23950, CVE-2026-24842, CVE-2026-26960, CVE-2026-29786, CVE-2026-31802)", () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe("the lock file", () => {
  it("knows the packages of every operating system, or npm ci would refuse it", () => {
    const { packages }: { packages: Readonly<Record<string, { readonly optionalDependencies?: object }>> } = JSON.parse(
      readFileSync("package-lock.json", "utf8"),
    );
    const names = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    expect(names.filter((name) => !Object.hasOwn(packages, `node_modules/${name}`))).toEqual([]);
  });

  it("names no host that packages came from", () => {
    expect(readFileSync("package-lock.json", "utf8")).not.toContain('"resolved"');
  });
});
