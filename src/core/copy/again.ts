import { mapAll, missesContent, quote, RegistryError } from "../base/mod.ts";
import type { ContentSource, PutOptions } from "../port/mod.ts";
import type { Descriptor, ManifestDocument } from "../spec/mod.ts";
import { copyBlobAgain } from "./blob.ts";
import type { Lane } from "./lane.ts";
import { isManifest, type Part, partsOf } from "./parts.ts";
import { type Copy, isSameRepository } from "./session.ts";

/** A manifest to put where everything it refers to has been brought. */
export interface Complete {
  /** The manifest. */
  readonly document: ManifestDocument;
  /** Returns where something it refers to lies. */
  readonly sourceOf: (child: Descriptor) => Promise<ContentSource>;
  /** Puts it. */
  readonly put: (options: PutOptions) => Promise<void>;
}

/**
 * Puts a manifest. Where the place then misses what it has said it has, since its copies do not agree or somebody has cleaned up
 * meanwhile, that is brought once more, whatever the place says, and the manifest after it.
 * @throws {RegistryError} where that does not help either
 */
export async function putComplete(copy: Copy, lane: Lane, complete: Complete, signal: AbortSignal): Promise<void> {
  const put = (): Promise<void> => copy.run(() => complete.put({ signal }), signal);
  try {
    await put();
  } catch (error) {
    if (!missesContent(error)) throw error;
    const parts = await doubtfulParts(lane, complete);
    if (parts.length === 0) throw error;
    const { name } = lane.target;
    copy.report({ type: "warning", message: `${quote(name)} misses what it said it has of ${complete.document.descriptor.digest}, which is brought again` });
    await mapAll(parts, (part, inner) => bringAgain(copy, lane, part, inner), signal);
    await put().catch((still: unknown) => {
      throw missesContent(still) ? stillMissing(still) : still;
    });
  }
}

interface DoubtfulPart extends Part {
  readonly source: ContentSource;
}

/** What this copy has brought itself is not in doubt; what lies there and nowhere else cannot be brought. */
async function doubtfulParts({ found, target }: Lane, { document, sourceOf }: Complete): Promise<readonly DoubtfulPart[]> {
  const parts: DoubtfulPart[] = [];
  for (const part of partsOf(document)) {
    if (!found.has(part.descriptor.digest)) continue;
    const source = await sourceOf(part.descriptor);
    if (!isSameRepository(source.repository, target.repository) || source.made?.has(part.descriptor.digest)) parts.push({ ...part, source });
  }
  return parts;
}

/** Of a manifest that may have been missing, everything it refers to may be. */
async function bringAgain(copy: Copy, lane: Lane, part: DoubtfulPart, signal: AbortSignal): Promise<void> {
  const { descriptor, source } = part;
  if (!isManifest(descriptor)) return await copyBlobAgain(copy, lane, part, signal);
  const document = await copy.run(() => source.manifest(descriptor, { signal }), signal);
  for (const { descriptor } of partsOf(document)) lane.found.add(descriptor.digest);
  const put: Complete["put"] = (options) => lane.target.putManifest(document, { ...options, again: true });
  await putComplete(copy, lane, { document, sourceOf: async () => source, put }, signal);
}

function stillMissing(error: RegistryError): RegistryError {
  return new RegistryError(`${error.message}; what it had said it has was brought again, and it still misses something`, error.answer, { cause: error });
}
