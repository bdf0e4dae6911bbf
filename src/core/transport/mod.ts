/** Where images live: registries, OCI layouts, archives, directories, a docker daemon, the table that finds the place a location names, and logins to registries. */
export * from "./accounts.ts";
export type { StorageList, StorageOptions } from "./containers-storage/mod.ts";
export { openTransports, type TransportOptions, type Transports } from "./transports.ts";
