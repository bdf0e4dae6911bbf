import { createPool, type Pool } from "../base/mod.ts";
import { withDeadline } from "../http/mod.ts";
import type { Host, Report } from "../port/mod.ts";
import { type ListStore, openListStore } from "../store/mod.ts";
import { openTransports, type TransportOptions, type Transports } from "../transport/mod.ts";

/** Everything a verb needs from outside. Make one with {@linkcode openLists} and use it for as many calls as you like. */
export interface ListContext {
  /** The runtime. */
  readonly host: Host;
  /** The local lists. */
  readonly store: ListStore;
  /** Where images live. */
  readonly transports: Transports;
  /** Bounds how many requests run at once. */
  readonly pool: Pool;
  /** Takes warnings and progress. */
  readonly report: Report;
  /** Ends whatever runs. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode openLists}. */
export interface ListOptions extends TransportOptions {
  /** The store is the folder `ocidex` in this directory. @default the user's data directory */
  readonly root?: string;
  /** Takes warnings and progress. @default nothing is reported */
  readonly report?: Report;
  /** How many requests run at once. @default 8 */
  readonly concurrency?: number;
  /** Ends whatever runs. */
  readonly signal?: AbortSignal;
  /** Milliseconds, counted from {@linkcode openLists}, after which whatever runs is ended with `LIMIT`. @default none */
  readonly timeout?: number;
}

/**
 * Returns the context of the verbs on `host`. Nothing is read, written or asked before a verb is called. Whoever reads compressed
 * archives, or images of a docker daemon or of container storage, or names a cache, calls `transports.close()` at the end.
 * @example Lists of their own, with a login, and warnings where they can be seen
 * ```ts
 * import assert from "node:assert/strict";
 * import { allLists, openLists } from "ocidex";
 * import { memoryHost } from "ocidex/host/memory";
 *
 * const warnings: string[] = [];
 * const lists = openLists(memoryHost(), {
 *   root: "/lists",
 *   credentials: "me:token",
 *   credentialDomains: ["ghcr.io"],
 *   report: (event) => event.type === "warning" && warnings.push(event.message),
 * });
 * assert.deepEqual((await allLists(lists)).lists, []);
 * assert.deepEqual(warnings, []);
 * ```
 */
export function openLists(host: Host, { signal: given, timeout, ...options }: ListOptions = {}): ListContext {
  const signal = timeout === undefined ? given : withDeadline(host.clock, timeout, given);
  return {
    host,
    store: openListStore(host, { ...(options.root !== undefined && { root: options.root }), ...(options.report && { report: options.report }) }),
    transports: openTransports(host, { ...options, ...(signal && { signal }) }),
    pool: createPool(options.concurrency ?? 8),
    report: options.report ?? (() => {}),
    ...(signal && { signal }),
  };
}

/** Returns the signal of `context` as the option it is elsewhere. */
export function signalOf(context: ListContext): { readonly signal?: AbortSignal } {
  return context.signal ? { signal: context.signal } : {};
}

/** Reports a warning. */
export function warn(context: ListContext, message: string): void {
  context.report({ type: "warning", message });
}

/** Returns a report that lets only warnings and repeated requests through: what verbs other than push tell while they copy. */
export function quietly(report: Report): Report {
  return (event) => {
    if (event.type === "warning" || event.type === "retry") report(event);
  };
}
