import * as v from "valibot";
import { mapAll, parseJson } from "../../base/mod.ts";
import { readPlainFile } from "../../content/mod.ts";
import { type Digest, type IndexDocument, isIndexDocument, type Location, parseLocation } from "../../spec/mod.ts";
import type { Locating, Stored } from "./locate-stored.ts";
import { readStoredManifest, type StoredHost } from "./stored-manifest.ts";

/** A list of buildah or podman, which lies in the storage as an image of its own. */
export interface StorageList {
  /** The list. The digests of images in the storage are those of manifests with layers that are not compressed. */
  readonly document: IndexDocument;
  /** Where its images lie, by their digests in the list; of an artifact the list itself has the content. */
  readonly locations: ReadonlyMap<Digest, Location>;
}

const limit = 4 * 1024 * 1024;
const InstancesSchema = v.record(v.string(), v.string());

/** Returns the list that an image is, or undefined for a single image. @throws {OciError} `INVALID` */
export async function readStorageList(host: StoredHost, locating: Locating, { image, storage }: Stored): Promise<StorageList | undefined> {
  const document = await readStoredManifest(host, image);
  if (document === undefined || !isIndexDocument(document)) return undefined;
  const what = `instances.json of image ${image.id} in container storage`;
  const bytes = await readPlainFile(host.files, { directory: image.directory, parts: ["instances.json"], what }, limit);
  const instances = bytes === undefined ? {} : parseJson(InstancesSchema, bytes, what);
  /** A name that the list has noted may mean another image by now. */
  const locate = async (digest: Digest): Promise<readonly (readonly [Digest, Location])[]> => {
    const member = await locating.withDigest(storage, digest);
    const text = Object.hasOwn(instances, digest) ? instances[digest] : undefined;
    const location = member?.location ?? (text === undefined || text.startsWith("containers-storage:") ? undefined : parseLocation(text));
    return location === undefined ? [] : [[digest, location]];
  };
  const digests = document.value.manifests.map(({ digest }) => digest);
  return { document, locations: new Map((await mapAll(digests, locate)).flat()) };
}
