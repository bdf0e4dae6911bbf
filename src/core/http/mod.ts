/** One request done right: redirects by hand, bounds, retry, idle time-out, redaction. */
export * from "./address.ts";
export * from "./client.ts";
export * from "./deadline.ts";
export * from "./error-body.ts";
export * from "./hop.ts";
export * from "./message.ts";
export * from "./retry-after.ts";
export * from "./status.ts";
export * from "./warning.ts";
