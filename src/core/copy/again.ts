import { mapAll, missesContent, quote, RegistryError } from "../base/mod.ts";
import type { ContentSource, PutOptions } from "../port/mod.ts";
import { type Descriptor, type Digest, isManifestDescriptor, type ManifestDocument } from "../spec/mod.ts";
import { type BlobAgain, copyBlobAgain } from "./blob.ts";
import { type Lane, noteImplied } from "./lane.ts";
import { partsOf } from "./parts.ts";
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
 * Puts a manifest. Where the place then misses what it has claimed to have, since its copies do not agree or somebody has cleaned up
 * meanwhile, that is brought once more, and the manifest after it. What it has said to have is sent whatever it says; what it was
 * only taken to have is asked for first, and sent as well where it says that it is there and the manifest is refused again.
 * @throws {RegistryError} where that does not help either
 */
export async function putComplete(copy: Copy, lane: Lane, complete: Complete, signal: AbortSignal): Promise<void> {
  const { digest } = complete.document.descriptor;
  const sent = new Set<Digest>();
  for (let rounds = 0; ; rounds++) {
    try {
      return await copy.run(() => complete.put({ signal }), signal);
    } catch (error) {
      if (!missesContent(error)) throw error;
      const parts = await doubtfulParts(lane, complete, sent);
      if (parts.length === 0) throw rounds === 0 ? error : stillMissing(error);
      if (rounds === 0) copy.report({ type: "warning", message: `${quote(lane.target.name)} misses what it said it has of ${digest}, which is brought again` });
      const areSent = await mapAll(parts, (part, inner) => bringAgain(copy, lane, part, inner), signal);
      for (const [at, { descriptor }] of parts.entries()) if (areSent[at]) sent.add(descriptor.digest);
    }
  }
}

/** What was sent is not in doubt; what lies there and nowhere else cannot be brought. */
async function doubtfulParts({ found, target }: Lane, { document, sourceOf }: Complete, sent: ReadonlySet<Digest>): Promise<readonly BlobAgain[]> {
  const parts: BlobAgain[] = [];
  for (const part of partsOf(document)) {
    const { digest } = part.descriptor;
    const claim = found.get(digest);
    if (claim === undefined || sent.has(digest)) continue;
    const source = await sourceOf(part.descriptor);
    if (!isSameRepository(source.repository, target.repository) || source.made?.has(digest)) parts.push({ ...part, source, claim });
  }
  return parts;
}

/** Of a manifest that may have been missing, everything it refers to may be. Returns whether more cannot be done. */
async function bringAgain(copy: Copy, lane: Lane, part: BlobAgain, signal: AbortSignal): Promise<boolean> {
  const { descriptor, source } = part;
  if (!isManifestDescriptor(descriptor)) return await copyBlobAgain(copy, lane, part, signal);
  const document = await copy.run(() => source.manifest(descriptor, { signal }), signal);
  for (const { descriptor } of partsOf(document)) noteImplied(lane, descriptor.digest);
  const put: Complete["put"] = (options) => lane.target.putManifest(document, { ...options, again: true });
  await putComplete(copy, lane, { document, sourceOf: async () => source, put }, signal);
  return true;
}

function stillMissing(error: RegistryError): RegistryError {
  return new RegistryError(`${error.message}; what it had said it has was brought again, and it still misses something`, error.answer, { cause: error });
}
