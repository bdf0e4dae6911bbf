/** What the user has configured, as data. */
export { readCertificates } from "./certificates.ts";
export * from "./proxy.ts";
