import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sha256 } from "../../helper/registry.ts";
import type { serve } from "../../helper/server.ts";

/** What must never be shown: each stands nowhere else, so that a few characters of one are enough to tell. */
export const canary: Readonly<Record<"creds" | "file" | "identity" | "token" | "refresh" | "proxy" | "query" | "number", string>> = {
  creds: fresh(),
  file: fresh(),
  identity: fresh(),
  token: fresh(),
  refresh: fresh(),
  proxy: fresh(),
  query: fresh(),
  number: String(10n ** 40n + BigInt(`0x${randomBytes(16).toString("hex")}`)),
};

/** Capitals only: codes of errors are written so. */
function fresh(): string {
  return [...randomBytes(40)].map((byte) => String.fromCharCode(65 + (byte % 26))).join("");
}

/** Returns the secrets of which eight characters in a row stand in `text`, as they are or as a header has them. */
export function found(text: string): readonly string[] {
  const forms = Object.entries(canary).flatMap(([name, secret]) => [[name, secret] as const, [`base64 of ${name}`, btoa(`user:${secret}`).slice(8)] as const]);
  const hits = forms.filter(([, form]) => windows(form).some((piece) => text.includes(piece)));
  return hits.map(([name, form]) => `${name}: ${text.split("\n").find((line) => windows(form).some((piece) => line.includes(piece)))}`);
}

function windows(text: string): readonly string[] {
  return Array.from({ length: text.length - 7 }, (_, at) => text.slice(at, at + 8));
}

/** What a server got, in every form in which it could say it again. */
async function echoOf(request: IncomingMessage): Promise<string> {
  let body = "";
  try {
    for await (const piece of request) body += piece;
  } catch {
    // The request was broken off.
  }
  const { authorization = "" } = request.headers;
  const [scheme = "", value = ""] = authorization.split(" ");
  const form = new URLSearchParams(body);
  return [authorization, scheme === "Basic" ? atob(value) : "", form.get("refresh_token") ?? "", request.url?.split("?")[1] ?? ""].join(" ");
}

/** Returns the password or token alone. */
function bare(echo: string): string {
  const [, token = "", pair = ""] = echo.split(" ");
  return pair === "" ? token : pair.slice(pair.indexOf(":") + 1);
}

/** Answers a request; `echo` is what came with it. */
export type Hostile = (request: IncomingMessage, response: ServerResponse, echo: string) => void;

/** Challenges once, and answers who comes with credentials in a hostile way. */
export function challenging(scheme: "basic" | "bearer", answer: Hostile, token: Hostile = giveToken): Parameters<typeof serve>[0] {
  return async (request, response) => {
    const echo = await echoOf(request);
    const origin = `http://${request.headers.host}`;
    if (request.url?.startsWith("/token")) return token(request, response, echo);
    if (request.headers.authorization !== undefined) return answer(request, response, echo);
    const challenge = scheme === "basic" ? 'Basic realm="x"' : `Bearer realm="${origin}/token?sig=${canary.query}",service="s"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  };
}

/** Answers as a token service should. */
export function giveToken(_: IncomingMessage, response: ServerResponse): void {
  response.end(JSON.stringify({ token: canary.token, refresh_token: canary.refresh, expires_in: 300 }));
}

const manifestTypes = ["application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"] as const;
/** Returns a value as JSON. */
export const json = (value: unknown): string => JSON.stringify(value);
const descriptor = { mediaType: manifestTypes[1], digest: sha256("x"), size: 1 };

/** Answers to a request that carries credentials. */
export const answers: Readonly<Record<string, Hostile>> = {
  "401 in JSON": (_, response, echo) => response.writeHead(401).end(json({ errors: [{ code: "UNAUTHORIZED", message: echo }] })),
  "403 in text": (_, response, echo) => response.writeHead(403).end(echo),
  "403 in a long text": (_, response, echo) => response.writeHead(403).end("x".repeat(280) + echo),
  "403 in a code": (_, response, echo) => response.writeHead(403).end(json({ errors: echo.split(/[ :]/).map((code) => ({ code, message: "" })) })),
  "403 in a page": (_, response, echo) => response.writeHead(403).end(`<html>${echo}`),
  "403 with a warning": (_, response, echo) => response.writeHead(403, { warning: `299 - "${echo}"` }).end(),
  "500 in details": (_, response, echo) => response.writeHead(500).end(json({ details: echo })),
  "503 with a warning": (_, response, echo) => response.writeHead(503, { warning: `299 - "${echo}"` }).end(echo),
  "429 in a message": (_, response, echo) => response.writeHead(429, { "retry-after": "1" }).end(json({ message: echo })),
  "a manifest that is no JSON": (_, response, echo) => response.writeHead(200, { "content-type": manifestTypes[0] }).end(`{"manifests":${bare(echo)}`),
  "a manifest of a strange type": (_, response, echo) => response.end(json({ schemaVersion: 2, mediaType: echo, manifests: [] })),
  "a header of a strange type": (_, response, echo) => response.writeHead(200, { "content-type": echo }).end(json({ schemaVersion: 2, manifests: [] })),
  "a member of a wrong type": (_, response, echo) => response.end(json({ schemaVersion: echo, mediaType: manifestTypes[0], manifests: [] })),
  "a digest": (_, response, echo) =>
    response.end(json({ schemaVersion: 2, mediaType: manifestTypes[0], manifests: [{ ...descriptor, digest: `foo:${bare(echo)}` }] })),
  "a name that stands twice": (_, response, echo) =>
    response.end(`{"schemaVersion":2,"mediaType":"${manifestTypes[0]}","manifests":[],"${echo}":1,"${echo}":1}`),
  "an image without config": (_, response, echo) =>
    response.end(json({ schemaVersion: 2, mediaType: manifestTypes[1], config: { ...descriptor, digest: `${bare(echo)}:x` }, layers: [] })),
  "a digest header": (_, response, echo) => response.writeHead(200, { "docker-content-digest": `foo:${bare(echo)}` }).end("{}"),
  "a redirect to a closed port": (_, response) => response.writeHead(307, { location: `http://127.0.0.1:1/blob?sig=${canary.query}` }).end(),
  "a redirect without end": (_, response) => response.writeHead(307, { location: `/v2/x?sig=${canary.query}` }).end(),
  "a redirect with a user": (_, response, echo) => response.writeHead(302, { location: `http://user:${bare(echo)}@127.0.0.1/` }).end(),
  "a redirect to a strange scheme": (_, response) => response.writeHead(302, { location: `ftp://127.0.0.1/?sig=${canary.query}` }).end(),
  "an upload to a closed port": (request, response) =>
    request.method === "POST" ? response.writeHead(202, { location: `http://127.0.0.1:1/up?sig=${canary.query}` }).end() : response.writeHead(404).end(),
  "an upload that fails": (request, response, echo) =>
    request.method === "POST"
      ? response.writeHead(202, { location: `/v2/app/blobs/uploads/1?_state=${canary.query}` }).end()
      : response.writeHead(request.method === "PUT" ? 400 : 404).end(json({ errors: [{ code: "X", message: `${request.url} ${echo}` }] })),
  "an upload that is cut": (request, response) => {
    if (request.method === "POST") response.writeHead(202, { location: `/v2/app/blobs/uploads/1?_state=${canary.query}` }).end();
    else if (request.method === "PUT") request.socket.destroy();
    else response.writeHead(404).end();
  },
  "an upload to nowhere": (request, response) =>
    request.method === "POST" ? response.writeHead(202, { location: `http://[${canary.query}` }).end() : response.writeHead(404).end(),
};

/** Answers of a token service. */
export const tokenAnswers: Readonly<Record<string, Hostile>> = {
  "401 in JSON": (_, response, echo) => response.writeHead(401).end(json({ details: `wrong: ${echo}` })),
  "403 in text": (_, response, echo) => response.writeHead(403).end(echo),
  "500 with a warning": (_, response, echo) => response.writeHead(500, { warning: `299 - "${echo}"` }).end(echo),
  "JSON that is cut off": (_, response) => response.end(`{"token":"${canary.token}`),
  "a token without quotes": (_, response) => response.end(`{"token":${canary.token}}`),
  "a token in a list": (_, response) => response.end(json({ token: [canary.token] })),
  "a token for a refresh token": (_, response) => response.end(json({ token: "t", refresh_token: { x: canary.refresh } })),
  "a token that ends a header": (_, response) => response.end(json({ token: `${canary.token}\r\nx: y` })),
  "a token as the whole answer": (_, response) => response.end(json(canary.token)),
  "a token that is too long": (_, response) => response.end(json({ token: canary.token.repeat(2000) })),
  "a redirect": (_, response) => response.writeHead(302, { location: `http://127.0.0.1:1/?sig=${canary.query}` }).end(),
  "a redirect to a strange scheme": (_, response) => response.writeHead(302, { location: `gopher://127.0.0.1/?sig=${canary.query}` }).end(),
};
