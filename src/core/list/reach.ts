import { mapAll, OciError, quote } from "../base/mod.ts";
import { maximumDepth } from "../content/mod.ts";
import { type Descriptor, type Digest, type ImageIndex, isIndexMediaType } from "../spec/mod.ts";

/** An entry of an index, or of an index in it. */
export interface Reached {
  /** The entry. */
  readonly entry: Descriptor;
  /** The entry of the outermost index that leads to it, which may be itself. */
  readonly through: Descriptor;
}

/** An index to look through. */
export interface Reaching {
  /** The index as the user named it. */
  readonly name: string;
  /** The index. */
  readonly index: ImageIndex;
  /** Returns the index that an entry is. */
  readonly read: (nested: Reached) => Promise<ImageIndex>;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/** An index of 4 MiB lists fewer. */
const mostEntries = 50_000;

/**
 * Returns what an index lists, with what a nested index lists in the place of its entry; one that is nested several times counts
 * where it is met first. @throws {OciError} `LIMIT` for more than 10 levels or 50 000 entries, `INVALID` for an index that contains itself
 */
export async function reachEntries(reaching: Reaching): Promise<readonly Reached[]> {
  const nested = await readNested(reaching);
  return [...flatten(reaching, nested)];
}

type Nested = Map<Digest, ImageIndex>;

/** Level by level: indexes beside each other are read together. */
async function readNested({ name, index, read, signal }: Reaching): Promise<Nested> {
  const nested: Nested = new Map();
  let entries = 0;
  const look = async (reached: Reached): Promise<readonly Reached[]> => {
    const value = await read(reached);
    entries += value.manifests.length;
    if (entries > mostEntries) throw new OciError("LIMIT", `Cannot take images of ${quote(name)}: the indexes in it list more than ${mostEntries} entries`);
    nested.set(reached.entry.digest, value);
    return value.manifests.map((entry) => ({ entry, through: reached.through }));
  };
  let found: readonly Reached[] = index.manifests.map((entry) => ({ entry, through: entry }));
  for (let depth = 2; ; depth++) {
    const fresh = new Map(found.filter(({ entry }) => isIndexMediaType(entry.mediaType)).map((reached) => [reached.entry.digest, reached]));
    const unread = [...fresh.values()].filter(({ entry }) => !nested.has(entry.digest));
    if (unread.length === 0) return nested;
    if (depth > maximumDepth) throw tooDeep(name);
    found = (await mapAll(unread, look, signal)).flat();
  }
}

function tooDeep(name: string): OciError {
  return new OciError("LIMIT", `Cannot take images of ${quote(name)}: it has more than ${maximumDepth} levels of indexes`);
}

/** What the levels have near their top can lie deeper on another way, so that each way is measured again. */
function* flatten({ name, index }: Reaching, nested: Nested): Generator<Reached, void, void> {
  const seen = new Set<Digest>();
  const open = new Set<Digest>();
  function* visit(entry: Descriptor, through: Descriptor): Generator<Reached, void, void> {
    const { digest } = entry;
    const inner = isIndexMediaType(entry.mediaType) ? nested.get(digest) : undefined;
    if (inner === undefined) return yield { entry, through };
    if (open.has(digest)) throw new OciError("INVALID", `Cannot take images of ${quote(name)}: the index ${digest} in it contains itself`);
    if (seen.has(digest)) return;
    if (open.size + 2 > maximumDepth) throw tooDeep(name);
    seen.add(digest);
    open.add(digest);
    for (const each of inner.manifests) yield* visit(each, through);
    open.delete(digest);
  }
  for (const entry of index.manifests) yield* visit(entry, entry);
}
