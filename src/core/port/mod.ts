/** Interfaces of the outside world. Nothing here runs. */
export type * from "./content.ts";
export type * from "./event.ts";
export type * from "./file-system.ts";
export type * from "./host.ts";
export type * from "./http.ts";
export type * from "./runtime.ts";
