import type { Tree, TreePath } from "../../content/mod.ts";
import { type Digest, digestAlgorithm, encodedDigest } from "../../spec/mod.ts";

/*
 * Names of files in a directory (containers/image `directory/directory_transport.go`): the digits of a digest; since version 1.2
 * the algorithm and a dash before them, unless it is sha256.
 */

/** Returns the name of a blob. */
export function blobName(digest: Digest): string {
  return isPlain(digest) ? encodedDigest(digest) : `${digestAlgorithm(digest)}-${encodedDigest(digest)}`;
}

/** Returns the name of a manifest that is not the root. */
export function manifestName(digest: Digest): string {
  return `${blobName(digest)}.manifest.json`;
}

/** Tells whether content of this digest is named as it was in version 1.1. */
export function isPlain(digest: Digest): boolean {
  return digestAlgorithm(digest) === "sha256";
}

const contentName = /^(?:sha512-)?(?:[0-9a-f]{64}|[0-9a-f]{128})(?:\.manifest\.json|\.signature-\d+)?$|^signature-\d+$/;

/** Tells whether a file of this name belongs to an image. */
export function isContentName(name: string): boolean {
  return contentName.test(name);
}

/** Returns the name that version 1.1 gave to what has `name`. */
export function olderName(name: string): string {
  return name.replace(/^sha512-/, "");
}

/** Returns the name that a file of version 1.1 has now. */
export function currentName(name: string): string {
  return name.replace(/^(?=[0-9a-f]{128}(?:\.|$))/, "sha512-");
}

/** Returns the files of `tree`, found under the names of version 1.1 too. */
export function withOlderNames(tree: Tree): Tree {
  const find = async (path: TreePath): Promise<TreePath> => ((await tree.size(path)) === undefined ? { ...path, parts: path.parts.map(olderName) } : path);
  return {
    what: tree.what,
    size: async (path) => tree.size(await find(path)),
    read: async (path, options) => tree.read(await find(path), options),
  };
}
