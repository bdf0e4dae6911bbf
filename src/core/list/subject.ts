import { type Descriptor, hasTransport, isIndexDocument, parseLocation } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";

/**
 * Returns the descriptor of the manifest that `text` names, as a `subject` holds it: a location, else a name in a registry. It is read,
 * since only an artifact itself tells its type.
 */
export async function describeSubject(context: ListContext, text: string): Promise<Descriptor> {
  const source = await context.transports.source(parseLocation(hasTransport(text) ? text : `docker://${text}`));
  const document = await context.pool.run(() => source.resolve(signalOf(context)));
  const { mediaType, digest, size } = document.descriptor;
  const artifactType = isIndexDocument(document) ? undefined : document.value.artifactType;
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }) };
}
