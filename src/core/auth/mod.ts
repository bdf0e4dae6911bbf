/** Who asks: challenges of a registry, the credentials a user has, and tokens made of both. */
export * from "./challenge.ts";
export * from "./credential-store.ts";
export * from "./scope.ts";
export * from "./token.ts";
