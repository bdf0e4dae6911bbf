/** What any program would need: errors, unknown data made known, bytes, streams, a pool, retry. */
export * from "./bytes.ts";
export * from "./errors.ts";
export * from "./json.ts";
export * from "./parse.ts";
export * from "./pool.ts";
export * from "./retry.ts";
export * from "./secrets.ts";
export * from "./stream.ts";
export * from "./text.ts";
