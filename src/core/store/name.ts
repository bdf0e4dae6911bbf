import { formatReference, parseReference, withDefaultTag } from "../spec/mod.ts";

/**
 * Returns the full name of a local list as buildah completes it: a first component with a dot or colon, or `localhost`, is a
 * host; anything else lies in `localhost`; `latest` is the tag where there is neither tag nor digest.
 * @throws {OciError} `INVALID`
 * @example Complete a short name
 * ```ts
 * import assert from "node:assert/strict";
 * import { normaliseListName } from "ocidex";
 *
 * assert.equal(normaliseListName("app"), "localhost/app:latest");
 * assert.equal(normaliseListName("ghcr.io/me/app:1"), "ghcr.io/me/app:1");
 * ```
 */
export function normaliseListName(text: string): string {
  const first = text.slice(0, Math.max(text.indexOf("/"), 0));
  const hasHost = first === "localhost" || /[.:]/.test(first);
  return formatReference(withDefaultTag(parseReference(hasHost ? text : `localhost/${text}`)));
}
