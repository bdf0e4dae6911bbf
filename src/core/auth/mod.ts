/** Who asks: challenges of a registry, the credentials a user has, tokens made of both, and where a login is kept. */
export * from "./account.ts";
export * from "./challenge.ts";
export * from "./credential-store.ts";
export { createHelpers } from "./helper.ts";
export { parseRegistryKey, type RegistryKey } from "./registry-key.ts";
export * from "./scope.ts";
export * from "./token.ts";
