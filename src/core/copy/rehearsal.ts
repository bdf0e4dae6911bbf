import type { ContentTarget, PutRootOptions } from "../port/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { isSameRepository } from "./session.ts";

/** One write that a copy would do: a blob sent or mounted, a manifest put under its digest or a name, a manifest added to the list of what refers to its subject, signatures put beside what they sign. */
export type PlannedWrite =
  | { readonly write: "upload"; readonly digest: Digest; readonly size: number }
  | { readonly write: "mount"; readonly digest: Digest; readonly size: number; readonly from: string }
  | { readonly write: "manifest"; readonly digest: Digest; readonly size: number; readonly mediaType: string }
  | { readonly write: "name"; readonly digest: Digest; readonly size: number; readonly mediaType: string; readonly name: string }
  | { readonly write: "list"; readonly digest: Digest; readonly name: string }
  | { readonly write: "signatures"; readonly digest: Digest; readonly count: number };

/** A target on which a copy is tried without being done. */
export interface Rehearsal {
  /** Asks the real target what it has, and writes nothing. */
  readonly target: ContentTarget;
  /** What would have been written so far. */
  readonly writes: readonly PlannedWrite[];
}

/** Options of {@linkcode rehearse}. */
export interface RehearseOptions {
  /** Returns what the root is called under a tag, or under the target's own name. */
  readonly nameOf: (tag: PutRootOptions["tag"]) => string;
  /** Manifests that have been planned in the same run, which another destination in the same repository need not write. */
  readonly planned: Set<string>;
}

/** Returns `target` for a copy that must not happen. */
export function rehearse(target: ContentTarget, { nameOf, planned }: RehearseOptions): Rehearsal {
  const writes: PlannedWrite[] = [];
  const isPlanned = (digest: Digest): boolean => {
    if (target.repository === undefined) return false;
    const key = `${target.repository.origin}/${target.repository.repository}@${digest}`;
    return planned.has(key) || !planned.add(key);
  };
  const stage: ContentTarget = {
    name: target.name,
    ...(target.repository && { repository: target.repository }),
    accepts: (mediaType) => target.accepts(mediaType),
    hasManifest: (descriptor, options) => target.hasManifest(descriptor, options),
    ...(target.hasBlob && { hasBlob: async (descriptor, options) => (await target.hasBlob?.(descriptor, options)) === true }),
    async putBlob({ digest, size, ...rest }, _open, { from, signal } = {}) {
      if (isSameRepository(from, target.repository)) return "exists";
      if (await target.hasBlob?.({ digest, size, ...rest }, signal ? { signal } : {})) return "exists";
      writes.push(from ? { write: "mount", digest, size, from: from.repository } : { write: "upload", digest, size });
      return from ? "mounted" : "copied";
    },
    async putManifest({ descriptor: { digest, size, mediaType }, value }, options) {
      if (isPlanned(digest)) return;
      writes.push({ write: "manifest", digest, size, mediaType });
      const tag = value.subject && (await target.referrersTag?.(value.subject.digest, options));
      if (tag !== undefined) writes.push({ write: "list", name: nameOf(tag), digest });
    },
    ...(target.putSignatures && {
      async putSignatures(digest, signatures) {
        writes.push({ write: "signatures", digest, count: signatures.length });
      },
    }),
    ...(target.putReferrer && {
      async putReferrer({ descriptor: { digest, size, mediaType } }, { tag } = {}) {
        if (tag !== undefined) writes.push({ write: "name", digest, size, mediaType, name: nameOf(tag) });
      },
    }),
    async putRoot({ descriptor: { digest, size, mediaType }, value }, { tag, signal } = {}) {
      writes.push({ write: "name", digest, size, mediaType, name: nameOf(tag) });
      const list = value.subject && (await target.referrersTag?.(value.subject.digest, signal ? { signal } : {}));
      if (list !== undefined) writes.push({ write: "list", name: nameOf(list), digest });
    },
    abandon: async () => {},
  };
  return { target: stage, writes };
}
