/** Registries of the distribution specification: `docker://`. */
export * from "./client.ts";
export * from "./mirrors.ts";
export * from "./place.ts";
export * from "./verify-login.ts";
