/**
 * The host of Deno: its files, its network, its clock.
 *
 * @module
 */
import type { Host } from "../core/port/mod.ts";
import { pacedConnect } from "./deno-connect.ts";
import { nodeFetch } from "./node-fetch.ts";
import { nodeRuntime } from "./node-runtime.ts";

/** Returns the host of Deno, which needs the permissions to read, write, run, ask the environment and the system, and use the network. */
export function denoHost(): Host {
  const runtime = nodeRuntime();
  return { ...runtime, fetch: nodeFetch(runtime.environment, pacedConnect) };
}
