import type { Host } from "../core/port/mod.ts";

/** Returns the host of the runtime this runs in; only that one is loaded. */
export async function currentHost(): Promise<Host> {
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunHost();
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoHost();
  return (await import("./node.ts")).nodeHost();
}
