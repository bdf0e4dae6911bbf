import { isOciError, OciError, quote } from "../../base/mod.ts";
import { type HttpResponse, resolveHop } from "../../http/mod.ts";
import type { ContentOptions, Referrer } from "../../port/mod.ts";
import {
  cosignTags,
  type Descriptor,
  type Digest,
  isImageIndex,
  type ManifestDocument,
  mediaTypes,
  normaliseMediaType,
  parseDigest,
  parseManifest,
  referrersTag,
} from "../../spec/mod.ts";
import type { Access, RegistryRequest } from "./access.ts";
import { registryError } from "./errors.ts";
import { findManifest, readManifest } from "./read.ts";

const maximumSize = 4 * 1024 * 1024;
const maximumPages = 1000;

/** Answers that mean "there is no such API": quay said 400, Artifactory 406. */
const withoutApi: ReadonlySet<number> = new Set([400, 404, 405, 406]);

/** Returns what refers to `subject`: what the registry lists, else what its fallback tag lists, and what cosign keeps under tags. */
export async function findReferrers(access: Access, subject: Digest, options: ContentOptions = {}): Promise<readonly Referrer[]> {
  const listed = (await listReferrers(access, subject, options)) ?? (await readFallback(access, subject, options));
  const referrers: Referrer[] = listed.map((descriptor) => ({ descriptor }));
  for (const tag of cosignTags(subject)) {
    const descriptor = await describeTag(access, tag, options);
    if (descriptor) referrers.push({ descriptor, tag });
  }
  return referrers;
}

/** Tells whether the registry lists referrers itself. */
export async function tracksReferrers(access: Access, subject: Digest, options: ContentOptions = {}): Promise<boolean> {
  return (await readPage(access, { at: `referrers/${parseDigest(subject)}`, isFirst: true }, options)) !== undefined;
}

/** Returns all pages of the registry's list, or undefined where it keeps none (distribution-spec "Listing Referrers"). */
async function listReferrers(access: Access, subject: Digest, options: ContentOptions): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let at: RegistryRequest["at"] | undefined = `referrers/${parseDigest(subject)}`;
  for (let page = 0; at !== undefined; page++) {
    if (page === maximumPages) throw new OciError("LIMIT", `Cannot list what refers to ${access.nameOf(subject)}: there are more than ${maximumPages} pages`);
    const answer: Page | undefined = await readPage(access, { at, isFirst: page === 0 }, options);
    if (answer === undefined) return undefined;
    found.push(...answer.descriptors);
    at = answer.next;
  }
  return found;
}

interface Page {
  readonly descriptors: readonly Descriptor[];
  readonly next: URL | undefined;
}

async function readPage(
  access: Access,
  { at, isFirst }: { readonly at: RegistryRequest["at"]; readonly isFirst: boolean },
  { signal }: ContentOptions,
): Promise<Page | undefined> {
  const doing = `Cannot list referrers in ${quote(access.key)}`;
  const request = { method: "GET", at, headers: { accept: mediaTypes.ociIndex }, doing, ...(signal && { signal }) } as const;
  return await access.exchange(request, async (response) => {
    const isList = normaliseMediaType(response.headers.get("content-type") ?? "") === mediaTypes.ociIndex;
    if (isFirst && (withoutApi.has(response.status) || (response.status === 200 && !isList))) {
      await response.discard();
      return undefined;
    }
    if (response.status !== 200) throw await registryError(response, request);
    const next = nextPage(response);
    const value = parseManifest(await response.readBody(maximumSize), {
      what: `the list of referrers of ${quote(access.key)}`,
      mediaType: mediaTypes.ociIndex,
    });
    return { descriptors: isImageIndex(value) ? value.manifests : [], next };
  });
}

/** Returns where the answer's `Link` header (RFC 8288) says that the list goes on. */
function nextPage(response: HttpResponse): URL | undefined {
  const [, target] = /<([^<>]*)>\s*(?:;[^,<]*)?;\s*rel="?next"?/i.exec(response.headers.get("link") ?? "") ?? [];
  return target === undefined ? undefined : resolveHop(target, response.url, { what: "Link", secrets: response.secrets });
}

/** Returns what the fallback tag lists. One registry resolves such a tag to the subject itself, which is no list. */
async function readFallback(access: Access, subject: Digest, options: ContentOptions): Promise<readonly Descriptor[]> {
  const document = await tryRead(access, referrersTag(subject), options);
  if (document === undefined || document.descriptor.digest === subject) return [];
  return isImageIndex(document.value) && document.value.mediaType === mediaTypes.ociIndex ? document.value.manifests : [];
}

async function describeTag(access: Access, tag: string, options: ContentOptions): Promise<Descriptor | undefined> {
  const status = await findManifest(access, tag, options);
  return status && (status.descriptor ?? (await tryRead(access, tag, options))?.descriptor);
}

/** Returns the manifest of `tag`, or undefined if there is none. */
export async function tryRead(access: Access, tag: string, options: ContentOptions): Promise<ManifestDocument | undefined> {
  try {
    return await readManifest(access, tag, options);
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
