import { type Bytes, encodeUtf8, readJson } from "../base/mod.ts";
import { formatReference, type IndexDocument } from "../spec/mod.ts";
import { type Destination, destinationNames, tagged } from "./destination.ts";

/**
 * Returns what a metadata file says of a push, in the words of `docker buildx --metadata-file`, with the destinations and the
 * entries beside it.
 */
export function pushMetadata(document: IndexDocument, destinations: readonly Destination[]): Bytes {
  const { mediaType, digest, size } = document.descriptor;
  const names = destinations.flatMap(imageNames).join(",");
  const written: unknown = readJson(document.bytes, "index");
  const entries = typeof written === "object" && written !== null && "manifests" in written ? written.manifests : [];
  const metadata = {
    "containerimage.descriptor": { mediaType, digest, size },
    "containerimage.digest": digest,
    ...(names !== "" && { "image.name": names }),
    destinations: destinations.flatMap(destinationNames),
    entries,
  };
  return encodeUtf8(JSON.stringify(metadata, undefined, 2));
}

/** Returns the names of images in registries that `destination` gives. */
function imageNames({ location, tags }: Destination): readonly string[] {
  return (tags ?? [undefined]).flatMap((tag) => {
    const named = tagged(location, tag);
    return named.transport === "docker" ? [formatReference(named.reference)] : [];
  });
}
