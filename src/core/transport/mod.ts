/** Where images live: registries, OCI layouts, directories, and the table that finds the place a location names. */
export * from "./transports.ts";
