import { createRequire } from "node:module";
import process from "node:process";

/*
 * Modules of the runtime that are loaded when they are first needed: together they take longer than all else at the start of a program.
 * Bun has `require` in every module, and loads more than the module for `getBuiltinModule`. Node before 20.16 has no
 * `getBuiltinModule`; everywhere else `createRequire` may not know where it is, as on JSR.
 */

/** Returns `node:fs`. */
export function fsModule(): typeof import("node:fs") {
  if ("Bun" in globalThis) return require("node:fs");
  return process.getBuiltinModule?.("node:fs") ?? createRequire(import.meta.url)("node:fs");
}

/** Returns `node:crypto`. */
export function cryptoModule(): typeof import("node:crypto") {
  if ("Bun" in globalThis) return require("node:crypto");
  return process.getBuiltinModule?.("node:crypto") ?? createRequire(import.meta.url)("node:crypto");
}

/** Returns `node:zlib`. */
export function zlibModule(): typeof import("node:zlib") {
  if ("Bun" in globalThis) return require("node:zlib");
  return process.getBuiltinModule?.("node:zlib") ?? createRequire(import.meta.url)("node:zlib");
}
