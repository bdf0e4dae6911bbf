import { shorten } from "../base/mod.ts";
import type { Loss } from "../index/mod.ts";
import type { Annotations, Descriptor, Digest } from "../spec/mod.ts";

/** A member of an image's manifest that is left out, and its value for people. */
export type Lost = readonly [field: string, value: string];

/** Returns what `lost` says of the image `digest`. */
export function lossesOf(digest: Digest, lost: readonly Lost[]): readonly Loss[] {
  return lost.map(([field, value]) => ({ where: digest, field, value: shorten(value, 80) }));
}

/** Returns that a descriptor at `at` loses these members. */
export function descriptorLosses(at: string, { annotations, data, urls, platform, artifactType }: Partial<Descriptor>): readonly Lost[] {
  const bytes = data === undefined ? undefined : `${data.length} characters of base64`;
  return [
    ...annotationLosses(`${at}.annotations`, annotations),
    ...fieldLosses({
      [`${at}.data`]: bytes,
      [`${at}.urls`]: urls?.join(" "),
      [`${at}.platform`]: platform && `${platform.os}/${platform.architecture}`,
      [`${at}.artifactType`]: artifactType,
    }),
  ];
}

/** Returns that annotations at `at` are lost. */
export function annotationLosses(at: string, annotations: Annotations = {}): readonly Lost[] {
  return Object.entries(annotations).map(([key, value]): Lost => [`${at}.${key}`, value]);
}

/** Returns that these fields are lost, as far as there are any. */
export function fieldLosses(fields: Readonly<Record<string, string | undefined>>): readonly Lost[] {
  return Object.entries(fields).flatMap(([field, value]): Lost[] => (value === undefined ? [] : [[field, value]]));
}
