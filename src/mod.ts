/**
 * Builds, annotates, inspects and pushes OCI image indexes: the library's front door.
 *
 * @module
 */
export {
  type ErrorCode,
  explain,
  isOciError,
  MismatchError,
  OciError,
  type OciErrorOptions,
  type RegistryAnswer,
  RegistryError,
} from "./core/base/mod.ts";
export * from "./core/index/mod.ts";
export * from "./core/list/mod.ts";
export type * from "./core/port/mod.ts";
export * from "./core/spec/mod.ts";
