/**
 * The host of Node: its files, its network, its clock.
 *
 * @module
 */
import type { Host } from "../core/port/mod.ts";
import { nodeFetch } from "./node-fetch.ts";
import { nodeRuntime } from "./node-runtime.ts";

/** Returns the host of Node. Connections are kept open for the requests to come; they do not keep the process alive. */
export function nodeHost(): Host {
  const runtime = nodeRuntime();
  return { ...runtime, fetch: nodeFetch(runtime.environment) };
}
