import { hasTransport, parseLocation } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { isMissing } from "./missing.ts";

/** Tells whether there is a local list, or a manifest at a location. Only "not found" is a no; every other failure is thrown. */
export async function listExists(context: ListContext, list: string): Promise<boolean> {
  if (!hasTransport(list)) return (await context.store.find(list)) !== undefined;
  const source = await context.transports.source(parseLocation(list));
  try {
    await source.describe(signalOf(context));
    return true;
  } catch (error) {
    if (isMissing(error, list)) return false;
    throw error;
  }
}
