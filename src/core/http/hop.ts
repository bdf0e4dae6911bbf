import { escapeControls, OciError, type Secrets, shorten } from "../base/mod.ts";
import { addressKind, reachesInside } from "./address.ts";

/** Returns `url` without query, fragment and user information, escaped: what a message may show. */
export function redactUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return escapeControls(shorten(parsed ? `${parsed.origin}${parsed.pathname}` : "(not a URL)", 500));
}

/** Options of {@linkcode resolveHop}. */
export interface HopOptions {
  /** What named the place: `redirect`, `Location`, `Link`, for the error. */
  readonly what: string;
  /** Takes what the query holds: signatures and states are as good as passwords. */
  readonly secrets: Secrets;
}

/**
 * Returns the URL that `location`, named by an answer from `from`, leads to, with its query as it was written. Answers are
 * hostile input: only http and https, never from https to http, no user information, no characters that the URL parser
 * would drop or turn, nothing on this machine, next to it or in a private network for a registry that is not there itself.
 * @throws {OciError} `REGISTRY`
 */
export function resolveHop(location: string | null, from: string, { what, secrets }: HopOptions): URL {
  const base = new URL(from);
  const refuse = (seen: string) => new OciError("REGISTRY", `Cannot follow the ${what} of "${base.host}": ${seen}`);
  if (location === null || location === "") throw refuse("it is missing");
  if (/[\\\x00-\x20\x7f]/.test(location)) throw refuse("it holds characters that no URL has");
  if (!URL.canParse(location, from)) throw refuse("it is not a URL");
  const url = new URL(location, from);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse(`it leads to ${url.protocol} instead of https:`);
  if (base.protocol === "https:" && url.protocol !== "https:") throw refuse("it leads from https to http");
  if (url.username !== "" || url.password !== "") throw refuse("it carries a user name");
  if (reachesInside(base, url)) throw refuse(`it leads to the ${addressKind(url.hostname)} address "${url.hostname}"`);
  url.hash = "";
  for (const value of queryValues(url)) secrets.add(value);
  return url;
}

/** Values of a query that are long enough to open something, as they are written and as they are meant; a digest opens nothing. */
function queryValues({ search, searchParams }: URL): readonly string[] {
  const raw = search
    .slice(1)
    .split("&")
    .map((pair) => pair.slice(pair.indexOf("=") + 1));
  return [...raw, ...searchParams.values()].filter((value) => value.length >= 12 && !/^\w+(?::|%3A)[0-9a-f]+$/i.test(value));
}
