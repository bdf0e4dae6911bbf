import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { blank, importsOf, listFiles, type ModuleImport } from "./source.ts";

/** Floors from the ground up; folders of one floor do not see each other. */
const floors: readonly (readonly string[])[] = [
  ["core/base"],
  ["core/spec"],
  ["core/index", "core/port"],
  ["core/http", "core/settings"],
  ["core/auth", "core/content"],
  ["core/transport", "core/copy", "core/store"],
  ["core/list"],
  ["cli"],
];

/** What a folder beside the staircase may see; `types` only with `import type`. */
const beside: Readonly<Record<string, { readonly values: readonly string[]; readonly types: readonly string[] }>> = {
  host: { values: ["core/base", "core/port"], types: ["core/spec"] },
};

/** Hosts have no `mod.ts`: a program takes one, or the one it runs in, never all. */
const hostDoors: readonly string[] = ["node", "bun", "deno", "memory", "current"].map((name) => `src/host/${name}.ts`);

/** Packages and where they may be imported; one that is not here may be imported nowhere. */
const packages: Readonly<Record<string, RegExp>> = {
  citty: /^src\/cli\//,
  ofetch: /^src\/core\/http\//,
  valibot: /^src\/(?!core\/port\/)/,
  undici: /^src\/host\/node[\w-]*\.ts$/,
  "@noble/hashes": /^src\/host\/memory\.ts$/,
  "modern-tar": /^src\/core\/(?:content|transport)\//,
  "smol-toml": /^src\/core\/settings\//,
  yaml: /^src\/core\/list\//,
  "@bomb.sh/tab": /^src\/cli\//,
};

const longestFile = 400;
const runtimeGlobal =
  /(?<![\w$]|(?<!\.\.)\.)(?:process|Buffer|Bun|Deno|require|__dirname|__filename)(?![\w$]|\s*\??:)|(?<=globalThis\s*(?:\?\.|\.)\s*)(?:process|Buffer|Bun|Deno|require)\b/g;

/** Returns every breach of the import law in the tree at `root`, as `path:line: what is wrong`; none is the good answer. */
export function checkFloors(root: string): string[] {
  const files = ["src", "scripts", "test"].flatMap((folder) => listFiles(root, folder));
  return files.flatMap((path) => {
    const code = readFileSync(posix.join(root, path), "utf8");
    const inSource = path.startsWith("src/");
    return [...checkShape(path, code), ...(inSource ? checkImports(path, code) : []), ...(path.startsWith("src/core/") ? checkGlobals(path, code) : [])];
  });
}

function checkShape(path: string, code: string): readonly string[] {
  const lines = code.split("\n").length - (code.endsWith("\n") ? 1 : 0);
  return [
    ...(lines > longestFile ? [`${path}:${longestFile + 1}: ${lines} lines, at most ${longestFile} are allowed`] : []),
    ...(posix.basename(path) === "index.ts" ? [`${path}:1: "index" is an OCI noun, a folder's door is called mod.ts`] : []),
  ];
}

function checkGlobals(path: string, code: string): readonly string[] {
  const shape = blank(code, new Set(["comment", "text", "regex"]));
  return [...shape.matchAll(runtimeGlobal)].map((match) => {
    const line = shape.slice(0, match.index).split("\n").length;
    return `${path}:${line}: the core uses the runtime global "${match[0]}"`;
  });
}

function checkImports(path: string, code: string): readonly string[] {
  return importsOf(code).flatMap((found) => {
    const wrong = judge(path, found);
    return wrong === undefined ? [] : [`${path}:${found.line}: ${wrong}`];
  });
}

function judge(path: string, found: ModuleImport): string | undefined {
  const { specifier } = found;
  const inCore = path.startsWith("src/core/");
  if (specifier === undefined) return inCore ? "the core imports a module whose name is computed" : undefined;
  if (specifier.startsWith("node:")) return path.startsWith("src/host/") || path.startsWith("src/cli/") ? undefined : `"${specifier}" belongs to a host`;
  if (!specifier.startsWith(".")) return judgePackage(path, specifier);
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith("src/")) return `"${specifier}" is outside src`;
  return judgeFloor(path, target, found);
}

function judgePackage(path: string, specifier: string): string | undefined {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const place = Object.hasOwn(packages, name) ? packages[name] : undefined;
  if (!place) return `the package "${name}" has no place in the floor plan`;
  return place.test(path) ? undefined : `the package "${name}" may not be imported here`;
}

function judgeFloor(path: string, target: string, found: ModuleImport): string | undefined {
  const [from, to] = [roomOf(path), roomOf(target)];
  const what = `"${found.specifier}"`;
  if (from === to) return from.startsWith("core/") && posix.basename(target) === "mod.ts" ? `${what} is the folder's own door` : undefined;
  if (!isDoor(target)) return `${what} is an inner file of another folder, import its door`;
  if (from === "") return to.startsWith("core/") ? undefined : `${what}: the library's front door sees the core only`;
  if (to.startsWith(`${from}/`)) return undefined;
  if (floorFolder(from) === floorFolder(to)) return `${what} is a room beside or around this one`;
  return sees(floorFolder(from), floorFolder(to), found.typeOnly) ? undefined : `${floorFolder(from)} may not see ${floorFolder(to)} (${what})`;
}

function sees(from: string, to: string, typeOnly: boolean): boolean {
  const side = Object.hasOwn(beside, from) ? beside[from] : undefined;
  if (side) return side.values.includes(to) || (typeOnly && side.types.includes(to));
  if (to === "host") return from === "cli";
  const [upper, lower] = [floorOf(from), floorOf(to)];
  return upper >= 0 && lower >= 0 && lower < upper;
}

function floorOf(folder: string): number {
  return floors.findIndex((floor) => floor.includes(folder));
}

/** A room is a folder; all of `cli` is one room, and so is all of `host`. */
function roomOf(path: string): string {
  const folder = posix.dirname(path).slice("src/".length);
  return folder.startsWith("core/") ? folder : (folder.split("/")[0] ?? "");
}

function floorFolder(room: string): string {
  return room.startsWith("core/") ? room.split("/").slice(0, 2).join("/") : room;
}

function isDoor(target: string): boolean {
  return target.startsWith("src/host/") ? hostDoors.includes(target) : posix.basename(target) === "mod.ts" && target !== "src/mod.ts";
}

if (import.meta.main) {
  const wrong = checkFloors(process.cwd());
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) process.exitCode = 1;
}
