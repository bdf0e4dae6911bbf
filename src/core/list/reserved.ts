import { quote } from "../base/mod.ts";
import { type Annotations, isUnknownReservedKey } from "../spec/mod.ts";
import { type ListContext, warn } from "./context.ts";

/** Warns of keys that lie in the namespace of the specification and are not in it: most often a slip, and nobody reads them. */
export function warnReservedKeys(context: ListContext, ...patches: readonly (Annotations | Readonly<Record<string, string | undefined>> | undefined)[]): void {
  const keys = new Set(patches.flatMap((patch) => Object.entries(patch ?? {}).flatMap(([key, value]) => (value === undefined ? [] : [key]))));
  for (const key of keys)
    if (isUnknownReservedKey(key)) warn(context, `the annotation ${quote(key)} is none that the specification has in its namespace org.opencontainers.`);
}
