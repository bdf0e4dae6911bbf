import { isOciError } from "../../base/mod.ts";
import { formatReference, hasDomain, parseReference, type Reference, tryParseImageId, withDefaultTag } from "../../spec/mod.ts";
import { type StoredImage, severalStored } from "./stored-images.ts";

/** Which image of a storage is meant. */
export interface StoredName {
  /** What the user has said, for messages, in quotes. */
  readonly what: string;
  /** The ID, or its first digits, where it was said to be that. */
  readonly id?: string | undefined;
  /** The name as it was given. */
  readonly name?: string | undefined;
  /** What the name may mean, the likeliest first. */
  readonly references: readonly Reference[];
}

/** Fewer digits could be meant for a name (containers/image `storage_transport.go`). */
const shortestId = 3;

/**
 * Returns the image that is meant, in the order of podman and buildah (`libimage` `LookupImage`): a whole name, the first digits of
 * an ID, then a name without its host that only one image has. @throws {OciError} `INVALID` where several are as good
 */
export function matchStored(images: readonly StoredImage[], { what, id, name, references }: StoredName): StoredImage | undefined {
  if (id !== undefined)
    return onlyOne(
      images.filter((image) => image.id.startsWith(id)),
      what,
    );
  for (const reference of references) {
    const found = images.find((image) => isCalled(image, reference));
    if (found) return found;
  }
  if (name === undefined) return undefined;
  const digits = tryParseImageId(name) ?? (/^[0-9a-f]+$/.test(name) && name.length >= shortestId ? name : undefined);
  const byId = digits === undefined ? [] : images.filter((image) => image.id.startsWith(digits));
  if (countIds(byId) === 1) return byId[0];
  return hasDomain(name)
    ? undefined
    : onlyOne(
        images.filter((image) => isCalledShort(image, name)),
        what,
      );
}

/** A storage lists an image again that lies in a further directory. */
function countIds(images: readonly StoredImage[]): number {
  return new Set(images.map(({ id }) => id)).size;
}

function onlyOne(images: readonly StoredImage[], what: string): StoredImage | undefined {
  if (countIds(images) > 1) throw severalStored(what, images);
  return images[0];
}

/** A digest stands for itself, whatever tags the image has; beside it a tag does not count. */
function isCalled({ names, digests }: StoredImage, reference: Reference): boolean {
  const whole = formatReference(withDefaultTag(reference));
  if (names.includes(whole)) return true;
  const { domain, repository, digest } = reference;
  return (
    digest !== undefined &&
    digests.includes(digest) &&
    names.some((each) => each.startsWith(`${domain}/${repository}:`) || each.startsWith(`${domain}/${repository}@`))
  );
}

function isCalledShort({ names, digests }: StoredImage, short: string): boolean {
  const wanted = tryReference(`host.invalid/${short}`);
  if (wanted === undefined) return false;
  const { repository, tag, digest } = withDefaultTag(wanted);
  return names.some((each) => {
    const reference = tryReference(each);
    if (reference === undefined || !`/${reference.repository}`.endsWith(`/${repository}`)) return false;
    return digest === undefined ? reference.tag === tag : digests.includes(digest);
  });
}

function tryReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isOciError(error)) return undefined;
    throw error;
  }
}
