import { type Descriptor, hasTransport, parseLocation } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";

/** Returns the descriptor of the manifest that `text` names, as a `subject` holds it: a location, else a name in a registry. */
export async function describeSubject(context: ListContext, text: string): Promise<Descriptor> {
  const source = await context.transports.source(parseLocation(hasTransport(text) ? text : `docker://${text}`));
  const { mediaType, digest, size, artifactType } = await context.pool.run(() => source.describe(signalOf(context)));
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }) };
}
