/*
 * Modules of the runtime that are loaded when they are first needed: together they take longer than all else at the start of a program.
 * Bun has `require` in every module, and loads more than the module for `getBuiltinModule`.
 */

/** Returns `node:fs`. */
export function fsModule(): typeof import("node:fs") {
  return "Bun" in globalThis ? require("node:fs") : process.getBuiltinModule("node:fs");
}

/** Returns `node:crypto`. */
export function cryptoModule(): typeof import("node:crypto") {
  return "Bun" in globalThis ? require("node:crypto") : process.getBuiltinModule("node:crypto");
}

/** Returns `node:zlib`. */
export function zlibModule(): typeof import("node:zlib") {
  return "Bun" in globalThis ? require("node:zlib") : process.getBuiltinModule("node:zlib");
}

/** Returns `node:os`. */
export function osModule(): typeof import("node:os") {
  return "Bun" in globalThis ? require("node:os") : process.getBuiltinModule("node:os");
}

/** Returns `node:path`. */
export function pathModule(): typeof import("node:path") {
  return "Bun" in globalThis ? require("node:path") : process.getBuiltinModule("node:path");
}
