import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { importsOf, listFiles } from "./source.ts";

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

interface JsrPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
}

/** Returns where package.json and jsr.json of `root` disagree with each other or with the tree; none is the good answer. */
export function checkExports(root: string): string[] {
  const npm: Package = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const jsr: JsrPackage = JSON.parse(readFileSync(join(root, "jsr.json"), "utf8"));
  return [
    ...checkNames(npm, jsr),
    ...Object.keys(npm.exports).flatMap((door) => checkNpmDoor(door, npm, jsr)),
    ...checkJsrDoors(root, npm, jsr),
    ...checkDependencies(root, npm),
  ];
}

function checkNames(npm: Package, jsr: JsrPackage): readonly string[] {
  return [
    ...(jsr.name === `@ocidex/${npm.name}` ? [] : [`jsr.json: the name is ${jsr.name}, expected @ocidex/${npm.name}`]),
    ...(jsr.version === npm.version ? [] : [`jsr.json: the version is ${jsr.version}, package.json has ${npm.version}`]),
    ...(jsr.license === npm.license ? [] : [`jsr.json: the license is ${jsr.license}, package.json has ${npm.license}`]),
  ];
}

function checkNpmDoor(door: string, npm: Package, jsr: JsrPackage): readonly string[] {
  if (door === "./package.json") return [];
  const source = jsr.exports[door];
  if (source === undefined) return [`package.json: "${door}" is not exported by jsr.json`];
  const stem = source.replace(/^\.\/src\//, "./dist/lib/").replace(/\.ts$/, "");
  const wanted = JSON.stringify({ types: `${stem}.d.ts`, default: `${stem}.js` });
  return JSON.stringify(npm.exports[door]) === wanted ? [] : [`package.json: "${door}" is not ${wanted}`];
}

function checkJsrDoors(root: string, npm: Package, jsr: JsrPackage): readonly string[] {
  return Object.entries(jsr.exports).flatMap(([door, source]) => {
    const missing = door in npm.exports ? [] : [`jsr.json: "${door}" is not exported by package.json`];
    if (!existsSync(join(root, source))) return [...missing, `jsr.json: "${door}" is ${source}, which does not exist`];
    const documented = /^\/\*\*[\s\S]+?\*\/\s/.test(readFileSync(join(root, source), "utf8"));
    return [...missing, ...(documented ? [] : [`${source.slice(2)}: a door opens with a comment that says what is behind it`])];
  });
}

function checkDependencies(root: string, npm: Package): readonly string[] {
  const files = listFiles(root, "src").filter((path) => !path.startsWith("src/cli/"));
  const names = files.flatMap((path) => importsOf(readFileSync(join(root, path), "utf8")).map((found) => found.specifier ?? ""));
  const bare = names
    .filter((name) => name !== "" && !/^(?:\.|node:)/.test(name))
    .map((name) =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  const unknown = new Set(bare.filter((name) => !Object.hasOwn(npm.dependencies, name)));
  return [...unknown].map((name) => `package.json: the library imports "${name}", which is not among the dependencies`);
}

if (import.meta.main) {
  const wrong = checkExports(process.cwd());
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) process.exitCode = 1;
}
