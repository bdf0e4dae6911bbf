/** What the user has configured, as data. */
export * from "./cache-directory.ts";
export { findCertificates, readCertificates } from "./certificates.ts";
export * from "./docker-host.ts";
export type { Endpoint } from "./endpoint.ts";
export type { SettingsHost } from "./places.ts";
export * from "./proxy.ts";
export * from "./registries.ts";
export type { CredentialKeeper } from "./registries-conf.ts";
export { type Choice, noteChoice, type ShortName } from "./short-name.ts";
export * from "./storage-conf.ts";
