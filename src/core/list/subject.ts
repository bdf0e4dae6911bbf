import { type Descriptor, isIndexDocument, type Location } from "../spec/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { isShortName, parseImageLocation } from "./image-name.ts";
import { withShortName } from "./short-name.ts";

/**
 * Returns the descriptor of the manifest that `text` names, as a `subject` holds it: a location, else a name in a registry, short
 * names too. It is read, since only an artifact itself tells its type.
 */
export async function describeSubject(context: ListContext, text: string): Promise<Descriptor> {
  const describe = (location: Location): Promise<Descriptor> => describeAt(context, location);
  return isShortName(text) ? await withShortName(context, { name: text, sought: "it has no host" }, describe) : await describe(parseImageLocation(text));
}

async function describeAt(context: ListContext, location: Location): Promise<Descriptor> {
  const source = await context.transports.source(location);
  const document = await context.pool.run(() => source.resolve(signalOf(context)));
  const { mediaType, digest, size } = document.descriptor;
  const artifactType = isIndexDocument(document) ? undefined : document.value.artifactType;
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }) };
}
