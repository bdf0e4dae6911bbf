import { createRequire } from "node:module";
import process from "node:process";

/*
 * Modules of the runtime that are loaded when they are first needed: together they take longer than all else at the start of a program.
 * Node before 20.16 has no `getBuiltinModule`; everywhere else `createRequire` may not know where it is, as on JSR.
 */

/** Returns `node:crypto`. */
export function cryptoModule(): typeof import("node:crypto") {
  return process.getBuiltinModule?.("node:crypto") ?? createRequire(import.meta.url)("node:crypto");
}

/** Returns `node:zlib`. */
export function zlibModule(): typeof import("node:zlib") {
  return process.getBuiltinModule?.("node:zlib") ?? createRequire(import.meta.url)("node:zlib");
}
