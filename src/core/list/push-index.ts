import { isDockerMediaType, isManifestMediaType, mediaTypes } from "../spec/mod.ts";
import { featuresKey } from "../store/mod.ts";
import { type ListContext, warn } from "./context.ts";
import { type ConvertedList, convertList } from "./convert.ts";
import { type Format, listLosses } from "./format.ts";
import type { ListPlace, ListView } from "./place.ts";

/** Returns the index to push, converted where that is asked for, and says what an OCI index leaves out and which images registries may refuse. */
export async function convertForPush(context: ListContext, place: ListPlace, view: ListView, format: Format | undefined): Promise<ConvertedList> {
  if (format !== undefined) return convertList(context, { place, view, format });
  sayFeatures(context, view);
  sayMixture(context, view);
  return { document: view.document, documents: new Map(), originals: new Map() };
}

function sayFeatures(context: ListContext, { state: { index, features } }: ListView): void {
  if (index.mediaType !== mediaTypes.ociIndex) return;
  const losses = index.manifests.flatMap((entry) => {
    const list = features[featuresKey(entry)];
    return list ? [{ where: entry.digest, field: "features", value: list.join(",") }] : [];
  });
  if (losses.length > 0) warn(context, `an OCI image index cannot hold ${listLosses(losses)}; it is left out of this push, --format v2s2 writes it`);
}

function sayMixture(context: ListContext, { state: { index } }: ListView): void {
  const images = index.manifests.filter((entry) => isManifestMediaType(entry.mediaType));
  const docker = images.filter((entry) => isDockerMediaType(entry.mediaType)).length;
  if (docker > 0 && docker < images.length)
    warn(context, `the list mixes ${docker} docker and ${images.length - docker} OCI images, which some registries refuse; --format makes them one kind`);
}
