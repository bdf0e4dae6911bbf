import { readGraph, tryReadManifest } from "../../content/mod.ts";
import type { Descriptor, ManifestDocument } from "../../spec/mod.ts";
import type { DirFiles } from "./dir-files.ts";
import { blobName, currentName, isContentName, manifestName } from "./dir-names.ts";

/**
 * Takes away what an image that was there before has left; names of `used` stay. skopeo empties the directory first; done last, a
 * copy that fails leaves the old image whole, and an edit of the root keeps what it leads to.
 */
export async function removeUnused({ host: { files }, path, manifests }: DirFiles, root: ManifestDocument, used: ReadonlySet<string>): Promise<void> {
  const kept = new Set(used);
  const open = (descriptor: Descriptor) => tryReadManifest(manifests, descriptor);
  for (const queue = [root]; ; ) {
    const next = queue.pop();
    if (next === undefined) break;
    const graph = await readGraph(next, open);
    for (const { digest } of graph.missing) if (await manifests.has(digest)) return;
    for (const digest of graph.blobs.keys()) kept.add(blobName(digest));
    for (const { descriptor, value } of graph.manifests.values()) {
      if (descriptor !== root.descriptor) kept.add(manifestName(descriptor.digest));
      const subject = value.subject && !kept.has(manifestName(value.subject.digest)) ? await open(value.subject) : undefined;
      if (subject) queue.push(subject);
    }
  }
  for (const name of await files.list(path)) {
    const signed = currentName(name).replace(/\.signature-\d+$/, ".manifest.json");
    if (isContentName(name) && !kept.has(currentName(name)) && !kept.has(signed)) await files.remove(files.join(path, name));
  }
  await files.syncDirectory(path);
}
