/** What the user has configured, as data. */
export * from "./cache-directory.ts";
export { readCertificates } from "./certificates.ts";
export * from "./proxy.ts";
