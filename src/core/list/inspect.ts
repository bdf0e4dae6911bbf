import { OciError } from "../base/mod.ts";
import { hasDomain, hasTransport, type ManifestDocument, parseLocation } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import { openLocalPlace } from "./local-place.ts";

/** What {@linkcode inspectList} found. */
export interface Inspection {
  /** ID of a local list; digest of what a location holds. */
  readonly id: string;
  /** Names of a local list; the location. */
  readonly names: readonly string[];
  /** The document: a list as it would be pushed, or what the location holds, byte for byte. */
  readonly document: ManifestDocument;
  /** What the record of a local list holds beside the document. */
  readonly state?: ListState;
}

/**
 * Returns a local list, or what a location holds: a list or a single image. A name that is not stored is asked of its registry.
 * @throws {OciError} `NOT_FOUND`
 */
export async function inspectList(context: ListContext, list: string): Promise<Inspection> {
  if (!hasTransport(list)) {
    const view = await openLocalPlace(context, list).tryRead();
    if (view) return { id: view.id, names: view.names, document: view.document, state: view.state };
    if (!hasDomain(list)) throw new OciError("NOT_FOUND", `${list}: image not known`);
  }
  const name = hasTransport(list) ? list : `docker://${list}`;
  const source = await context.transports.source(parseLocation(name));
  const document = await source.resolve(signalOf(context));
  return { id: document.descriptor.digest, names: [name], document };
}
