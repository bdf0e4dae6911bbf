import { isOciError, NetworkError, type NetworkReason, quote } from "../core/base/mod.ts";
import { systemCode } from "./system-error.ts";

type Failure = readonly [reason: NetworkReason, words: string];

/** What the codes of Node, Bun, undici and OpenSSL mean; the first pattern that fits counts. */
const failures: readonly (readonly [pattern: RegExp, ...failure: Failure])[] = [
  [/^(ECONNREFUSED|ConnectionRefused)$/, "refused", "connection refused"],
  [/^ENOENT$/, "refused", "there is no such socket"],
  [/^(EACCES|EPERM)$/, "forbidden", "this user may not connect to it"],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EHOSTDOWN|ENETDOWN)$/, "refused", "there is no route to it"],
  [/^(ENOTFOUND|EAI_NONAME|EAI_NODATA|DNS_ENOTFOUND)$/, "name", "there is no host of that name"],
  [/^(EAI_|DNS_)/, "name", "the name cannot be looked up"],
  [/^(ETIMEDOUT|ERR_SOCKET_CONNECTION_TIMEOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, "timeout", "no answer in time"],
  [/^(ERR_SSL_WRONG_VERSION_NUMBER|EPROTO|ERR_SSL_PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST)$/, "tls-handshake", "the server does not speak TLS"],
  [/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/, "tls-certificate", "its certificate is for another name"],
  [/^CERT_HAS_EXPIRED$/, "tls-certificate", "its certificate has expired"],
  [/^(UNABLE_TO_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/, "tls-certificate", "its certificate is not trusted"],
  [/^(ERR_SSL_|ERR_TLS_|ERR_OSSL_)/, "tls-handshake", "the TLS handshake failed"],
  [/^(ECONNRESET|ECONNABORTED|EPIPE|ECONNCLOSED|ConnectionClosed|UND_ERR_SOCKET|ERR_STREAM_PREMATURE_CLOSE)$/, "reset", "the connection was closed"],
];

/** Returns the failure of a request to `name`, perhaps through a proxy, as a {@linkcode NetworkError}; an `OciError` stays what it is. */
export function networkError(name: string, error: unknown, proxyUrl?: string): Error {
  if (isOciError(error)) return error;
  const cause = innermost(error);
  const code = systemCode(cause);
  const [reason, words] = recognise(code, cause);
  const through = proxyUrl === undefined ? "" : ` through proxy ${quote(URL.canParse(proxyUrl) ? new URL(proxyUrl).host : "")}`;
  const message = `Cannot reach ${quote(name)}${through}: ${words}${code === undefined ? "" : ` (${code})`}`;
  return new NetworkError(message, reason, { cause: withoutUrls(cause) });
}

/** Runtimes name in their errors what was asked for, and through which proxy: signed queries and passwords among it. */
function withoutUrls(error: unknown): unknown {
  if (!(error instanceof Error) || error.message === hideUrls(error.message)) return error;
  const code = systemCode(error);
  return Object.assign(new Error(hideUrls(error.message)), code !== undefined && { code });
}

function hideUrls(text: string): string {
  return text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, "(URL)");
}

/** Returns the error in the chain that carries the system's code: `fetch` hides it in a cause, Happy Eyeballs in a list. */
function innermost(error: unknown): unknown {
  let current = error;
  for (let depth = 0; depth < 10 && current instanceof Error; depth++) {
    const code = systemCode(current);
    if (code !== undefined && recognised(code) !== undefined) return current;
    const next: unknown = current instanceof AggregateError && current.errors.length > 0 ? current.errors[0] : current.cause;
    if (next === undefined || next === null) return current;
    current = next;
  }
  return current;
}

function recognise(code: string | undefined, cause: unknown): Failure {
  const known = code === undefined ? undefined : recognised(code);
  return known ?? ["other", hideUrls(cause instanceof Error ? cause.message : String(cause))];
}

function recognised(code: string): Failure | undefined {
  const [, reason, words] = failures.find(([pattern]) => pattern.test(code)) ?? [];
  return reason === undefined || words === undefined ? undefined : [reason, words];
}
