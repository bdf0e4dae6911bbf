import { tryParseBase64 } from "../base/mod.ts";

/** Returns what must not be shown of a value of `Authorization` and of the proxy a request goes through: passwords, tokens, and the two together as they are sent. */
export function secretsOf(authorization: string | undefined, proxyUrl: string | undefined): readonly string[] {
  return [...ofAuthorization(authorization ?? ""), ...ofProxy(proxyUrl)];
}

function ofAuthorization(authorization: string): readonly string[] {
  const [scheme = "", token = ""] = authorization.split(" ", 2);
  if (scheme !== "Basic") return [token];
  const pair = new TextDecoder().decode(tryParseBase64(token));
  return [token, pair.slice(pair.indexOf(":") + 1)];
}

function ofProxy(proxyUrl: string | undefined): readonly string[] {
  if (proxyUrl === undefined || !URL.canParse(proxyUrl)) return [];
  const { password } = new URL(proxyUrl);
  return [password, decode(password)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
