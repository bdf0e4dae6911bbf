import { OciError, quote } from "../base/mod.ts";
import type { Descriptor, Digest, ImageIndex } from "../spec/mod.ts";

/** Which entries an edit means: a digest every entry that has it, a descriptor of the index that entry alone. */
export type EntryChoice = Digest | Descriptor;

/** Returns the entries of `index` that `choices` mean. @throws {OciError} `NOT_FOUND` for a choice that is none; `verb` is what was tried with it */
export function chosenEntries(index: ImageIndex, choices: readonly EntryChoice[], verb: string): ReadonlySet<Descriptor> {
  const wanted = new Set<EntryChoice>(choices);
  const chosen = new Set(index.manifests.filter((entry) => wanted.has(entry) || wanted.has(entry.digest)));
  const digests = new Set<Digest>([...chosen].map((entry) => entry.digest));
  for (const choice of wanted) {
    if (typeof choice === "string" ? digests.has(choice) : chosen.has(choice)) continue;
    const digest = typeof choice === "string" ? choice : choice.digest;
    throw new OciError("NOT_FOUND", `Cannot ${verb} ${quote(digest)}: none of ${index.manifests.length} entries has it`);
  }
  return chosen;
}
