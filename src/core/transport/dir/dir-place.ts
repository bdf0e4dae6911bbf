import { isOciError, OciError } from "../../base/mod.ts";
import type { ContentPlace, ContentSource } from "../../port/mod.ts";
import type { DirLocation } from "../../spec/mod.ts";
import { type DirFiles, type DirHost, openDirFiles, readRoot } from "./dir-files.ts";
import { readSignatures } from "./dir-signatures.ts";
import { openDirTarget } from "./dir-target.ts";

export type { DirHost } from "./dir-files.ts";

/**
 * Returns the directory at `location` as a place to read from and to write to; nothing is read or made before it is needed.
 * It holds one image. One process at a time may write to it.
 */
export async function openDirPlace(host: DirHost, location: DirLocation): Promise<ContentPlace> {
  const dir = openDirFiles(host, location);
  return {
    source: openDirSource(dir),
    target: openDirTarget(dir),
    async removeName() {
      throw new OciError("UNSUPPORTED", `Cannot remove the name of ${dir.what}: a directory holds one image and no names, remove the directory itself`);
    },
  };
}

function openDirSource(dir: DirFiles): ContentSource {
  const { name, manifests, blobs } = dir;
  const resolve = async (options?: { readonly signal?: AbortSignal }) => {
    options?.signal?.throwIfAborted();
    return readRoot(dir);
  };
  return {
    name,
    resolve,
    describe: async (options) => (await resolve(options)).descriptor,
    async manifest(descriptor, options) {
      try {
        return await manifests.readManifest(descriptor, options);
      } catch (error) {
        const root = isOciError(error, "NOT_FOUND") ? await resolve(options) : undefined;
        if (root?.descriptor.digest === descriptor.digest) return root;
        throw error;
      }
    },
    smallBlob: (descriptor, options) => blobs.readSmall(descriptor, options),
    blob: (descriptor, options) => blobs.read(descriptor, options),
    signatures: async (manifest, options) => readSignatures(dir, (await resolve(options)).descriptor.digest, manifest),
  };
}
