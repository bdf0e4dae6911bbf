import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Credentials } from "../../../src/core/auth/mod.ts";
import { encodeUtf8 } from "../../../src/core/base/mod.ts";
import type { HttpMethod } from "../../../src/core/http/mod.ts";
import type { TlsOptions } from "../../../src/core/port/mod.ts";
import { parseReference } from "../../../src/core/spec/mod.ts";
import { openAccess } from "../../../src/core/transport/registry/access.ts";
import { createRegistryClient, openRegistryPlace, type RegistryClient } from "../../../src/core/transport/registry/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { fullJitter, testClock } from "../../helper/clock.ts";
import { authority, clientIdentity } from "../../helper/tls.ts";
import { blobOf } from "./setting.ts";
import { type Arrived, type Script, startWorld, type World, type WorldAnswer } from "./world.ts";

/*
 * Every way in which a registry can lead a client elsewhere, with every kind of credentials. Each combination is a cell, data;
 * servers write down what arrives, and no byte of a credential may arrive where it does not belong.
 */

const password = "PASSWORDkzqwmvtr";
const identityToken = "IDENTITYpxhjfbnd";
const refreshToken = "REFRESHgwyqtkcl";
const bearerToken = "TOKENvmxzrqhs";
const basic = btoa(`user:${password}`);
const secrets = [password, identityToken, refreshToken, bearerToken, basic, btoa(password), btoa(identityToken), btoa(bearerToken)];

const auths = ["basic", "bearer", "identity", "certificate"] as const;
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
const statuses = [301, 302, 303, 307, 308] as const;
const schemes = ["https", "http"] as const;

/** Where a registry leads: what it says, where that is, and whether a client goes there. */
interface Lead {
  readonly says: string;
  /** `own` keeps the credentials, `other` is visited without, `nowhere` is not visited. */
  readonly leads: "own" | "other" | "nowhere";
}

/** Returns what the registry at `scheme://registry.test` may name. */
function leadsFrom(scheme: "https" | "http"): readonly Lead[] {
  const own = `${scheme}://registry.test`;
  return [
    { says: "/elsewhere", leads: "own" },
    { says: "elsewhere?x=%2F~(a)", leads: "own" },
    { says: `${own}/elsewhere`, leads: "own" },
    { says: "//registry.test/elsewhere", leads: "own" },
    { says: "https://evil.test/x", leads: "other" },
    { says: "//evil.test/x", leads: "other" },
    { says: "https://cdn.registry.test/x", leads: "other" },
    { says: "https://registry.test.evil.test/x", leads: "other" },
    { says: "https://registry.test./x", leads: "other" },
    { says: `${own}:8443/x`, leads: "other" },
    { says: "https://evil.test/home", leads: "other" },
    { says: `${scheme === "https" ? "http" : "https"}://registry.test/x`, leads: scheme === "https" ? "nowhere" : "other" },
    { says: "http://evil.test/x", leads: scheme === "https" ? "nowhere" : "other" },
    { says: `${scheme}://user:pass@evil.test/x`, leads: "nowhere" },
    { says: `${scheme}://registry.test@evil.test/x`, leads: "nowhere" },
    { says: "\\\\evil.test/x", leads: "nowhere" },
    { says: "/\\evil.test/x", leads: "nowhere" },
    { says: `${scheme}://127.0.0.1/x`, leads: "nowhere" },
    { says: `${scheme}://2130706433/x`, leads: "nowhere" },
    { says: `${scheme}://localhost/x`, leads: "nowhere" },
    { says: `${scheme}://0.0.0.0/x`, leads: "nowhere" },
    { says: `${scheme}://[::1]/x`, leads: "nowhere" },
    { says: `${scheme}://[::ffff:10.0.0.1]/x`, leads: "nowhere" },
    { says: `${scheme}://169.254.169.254/latest/meta-data`, leads: "nowhere" },
    { says: `${scheme}://10.0.0.5/x`, leads: "nowhere" },
    { says: `${scheme}://192.168.1.1/x`, leads: "nowhere" },
    { says: "ftp://evil.test/x", leads: "nowhere" },
    { says: "", leads: "nowhere" },
  ];
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

type Auth = (typeof auths)[number];
type Scheme = (typeof schemes)[number];

const credentialsOf: Readonly<Record<Auth, Credentials | undefined>> = {
  basic: { username: "user", password },
  bearer: { username: "user", password },
  identity: { username: "", password: "", identityToken },
  certificate: undefined,
};

async function clientOf(auth: Auth, scheme: Scheme): Promise<RegistryClient> {
  const host = await currentHost();
  const tls: TlsOptions = { authorities: [authority], ...(auth === "certificate" && clientIdentity) };
  const credentials = { get: async () => credentialsOf[auth] };
  const tools = { ...host, fetch: world.fetch, clock: testClock(), random: fullJitter };
  const client = createRegistryClient(tools, { credentials, retries: 1, tlsFor: async () => tls });
  client.memory.schemes.set("registry.test", scheme);
  return client;
}

/** Returns how the registry is reached: over http only as one that is insecure. */
function wayTo(scheme: Scheme): Parameters<typeof openAccess>[1] {
  return { reference: parseReference("registry.test/app"), isInsecure: scheme === "http" };
}

/** Returns the answer of a registry that lets nobody in without the right credentials, or undefined to who has them. */
function guard(auth: Auth, { headers }: Arrived, realm: string): WorldAnswer | undefined {
  if (auth === "certificate") return undefined;
  const right = auth === "basic" ? `Basic ${basic}` : `Bearer ${bearerToken}`;
  if (headers.authorization === right) return undefined;
  const challenge = auth === "basic" ? 'Basic realm="x"' : `Bearer realm="${realm.replaceAll("\\", "\\\\")}",service="s"`;
  return { status: 401, headers: { "www-authenticate": challenge } };
}

const tokenAnswer: WorldAnswer = { status: 200, body: JSON.stringify({ token: bearerToken, refresh_token: refreshToken, expires_in: 300 }) };

/** What other hosts do with who comes: take what they send, ask for credentials, send on. */
const reactions: Readonly<Record<string, WorldAnswer>> = {
  takes: { status: 201 },
  "asks for a password": { status: 401, headers: { "www-authenticate": 'Basic realm="give"' } },
  "asks for a token": { status: 401, headers: { "www-authenticate": 'Bearer realm="https://evil.test/token",service="s"' } },
  "sends home": { status: 307, headers: { location: "https://registry.test/back" } },
  "sends on": { status: 302, headers: { location: "https://third.test/x" } },
};

/** Returns what arrived where it must not: `own` may see its own kind of credentials, `realm` those that tokens are made of, others none. */
function leaks(auth: Auth, scheme: Scheme, realm?: string): readonly string[] {
  return world.arrived.flatMap((request) => {
    const { origin, method, path, headers, body, certificate } = request;
    const isOwn = origin === `${scheme}://registry.test`;
    const isRealm = realm !== undefined && origin === new URL(realm).origin && (!isOwn || path.split("?")[0] === new URL(realm).pathname);
    const shown = JSON.stringify([path, headers, body]);
    const allowed = isRealm ? [basic, identityToken, refreshToken] : isOwn ? [auth === "basic" ? basic : bearerToken] : [];
    const bad = secrets.filter((secret) => shown.includes(secret) && !allowed.some((one) => one.includes(secret)));
    if (secrets.some((secret) => path.includes(secret))) bad.push("in the path");
    if (!isOwn && !isRealm && (headers.authorization ?? headers.cookie ?? headers["proxy-authorization"]) !== undefined) bad.push("a header");
    if (!isOwn && !isRealm && certificate) bad.push("the certificate");
    return bad.map((what) => `${what} at ${method} ${origin}${path}`);
  });
}

const isElsewhere = (scheme: Scheme) => (request: Arrived) => request.origin !== `${scheme}://registry.test` && request.origin !== "https://auth.test";

/** A combination that can be told from all others. */
type Cell = Readonly<Record<string, string | number>>;

const cells: Cell[] = [];
const failures: string[] = [];

/** Notes the cell and what was wrong in it. */
function judge(cell: Cell, wrong: readonly string[]): void {
  cells.push(cell);
  if (wrong.length > 0) failures.push(`${Object.values(cell).join(" | ")}: ${wrong.join(", ")}`);
}

/** Returns the failures since the last call. */
function failed(): readonly string[] {
  return failures.splice(0);
}

const realmAt = "https://auth.test/token";

describe("credentials go to the registry and its token service alone (ggcr#2193, ggcr#2243, ggcr#2284, ggcr#2285, ggcr#2292, ggcr#2293, ggcr#2295, ggcr#2296, ggcr#2328, ggcr#2337, ggcr#2349, ggcr#2360; regclient 39de02d, 1a80807, 746d6cf, ae2d5af)", () => {
  for (const scheme of schemes) {
    for (const auth of auths) {
      test(`whatever a redirect of a ${scheme} registry says (${auth}; GHSA-vh4v-2xq2-g5cg, CVE-2021-32690, GHSA-56hp-xqp3-w2jf)`, async () => {
        const client = await clientOf(auth, scheme);
        const access = openAccess(client, wayTo(scheme), ["pull", "push"]);
        for (const { says, leads } of leadsFrom(scheme)) {
          for (const status of statuses) {
            for (const method of scheme === "https" ? methods : (["GET", "PUT"] as const)) {
              world.play((request) => {
                if (request.origin === "https://auth.test") return tokenAnswer;
                if (request.origin !== `${scheme}://registry.test`)
                  return request.path === "/home" ? { status, headers: { location: `${scheme}://registry.test/back` } } : { status: 200, body: "x" };
                const refused = guard(auth, request, realmAt);
                if (refused && !request.path.startsWith("/back")) return refused;
                return request.path.startsWith("/v2/") ? { status, headers: { location: says } } : { status: 200, body: "x" };
              });
              await ask(access, method);
              const isReading = method === "GET" || method === "HEAD";
              const visited = world.arrived.some(isElsewhere(scheme));
              const wrong = [...leaks(auth, scheme, realmAt)];
              if (visited !== (isReading && leads === "other")) wrong.push(visited ? "went there" : "did not go there");
              if (auth !== "certificate" && !world.arrived.some(({ headers }) => headers.authorization !== undefined)) wrong.push("never logged in");
              // Who has been elsewhere comes back as a stranger.
              if (world.arrived.some(({ path, headers }) => path.startsWith("/back") && headers.authorization !== undefined))
                wrong.push("came back with credentials");
              judge({ what: "redirect", scheme, auth, status, method, says }, wrong);
            }
          }
        }
        expect(failed()).toEqual([]);
      });
    }
  }

  for (const auth of ["bearer", "identity"] as const) {
    test(`whatever realm a registry names (${auth}; CVE-2019-10214, GHSA-28r5-37g7-p6mp, GHSA-xf85-363p-868w, GHSA-x2f5-332j-9xwq)`, async () => {
      for (const scheme of schemes) {
        const own = `${scheme}://registry.test`;
        for (const { says, leads } of leadsFrom(scheme)) {
          // On the registry's own host and over https tokens may be made, over http nowhere else.
          const isMade =
            leads === "own" ||
            (leads === "other" && (!says.startsWith("http:") || says.startsWith(`${own}:`)) && !(scheme === "http" && says.startsWith("//")));
          for (const method of methods) {
            const client = await clientOf(auth, scheme);
            world.play((request) => {
              if (request.path.startsWith("/v2/")) return guard(auth, request, says) ?? { status: 200, body: "x" };
              return tokenAnswer;
            });
            await ask(openAccess(client, wayTo(scheme), ["pull"]), method);
            const realm = isMade ? new URL(says, `${own}/`).href : undefined;
            const wrong = [...leaks(auth, scheme, realm)];
            const elsewhere = world.arrived.filter(({ path }) => !path.startsWith("/v2/"));
            if (elsewhere.length > 0 !== isMade) wrong.push(elsewhere.length > 0 ? "asked there" : "did not ask there");
            judge({ what: "realm", scheme, auth, method, says }, wrong);
          }
        }
      }
      expect(failed()).toEqual([]);
    });

    // Which address a name has is not looked at: every name here lies on this machine, and is asked as a stranger.
    test(`whatever address a redirect's name resolves to, which is not refused (${auth}; ggcr#2440)`, async () => {
      for (const { says, isAsked } of [
        { says: "https://inside.test/x", isAsked: true },
        { says: "https://localhost/x", isAsked: false },
        { says: "https://localhost./x", isAsked: false },
        { says: "https://registry.localhost/x", isAsked: false },
        { says: "https://127.1/x", isAsked: false },
      ]) {
        const client = await clientOf(auth, "https");
        world.play((request) => {
          if (request.origin !== "https://registry.test") return { status: 200, body: "x" };
          if (!request.path.startsWith("/v2/")) return tokenAnswer;
          return guard(auth, request, "https://registry.test/token") ?? { status: 307, headers: { location: says } };
        });
        await ask(openAccess(client, wayTo("https"), ["pull"]), "GET");
        const wrong = [...leaks(auth, "https", "https://registry.test/token")];
        const elsewhere = world.arrived.filter(({ origin }) => origin !== "https://registry.test");
        if (elsewhere.length > 0 !== isAsked) wrong.push(isAsked ? "did not ask there" : "asked there");
        judge({ what: "name", auth, says }, wrong);
      }
      expect(failed()).toEqual([]);
    });

    test(`though the token service redirects (${auth}; GHSA-vh4v-2xq2-g5cg)`, async () => {
      for (const { says } of leadsFrom("https")) {
        for (const status of statuses) {
          const client = await clientOf(auth, "https");
          world.play((request) => {
            if (request.origin === "https://auth.test") return { status, headers: { location: says } };
            if (request.path.startsWith("/v2/")) return guard(auth, request, realmAt) ?? { status: 200, body: "x" };
            return tokenAnswer;
          });
          await ask(openAccess(client, wayTo("https"), ["pull"]), "GET");
          const atRealm = world.arrived.filter(({ origin }) => origin === "https://auth.test");
          const wrong = [...leaks(auth, "https", realmAt)];
          if (atRealm.length === 0) wrong.push("never asked for a token");
          judge({ what: "realm redirect", auth, status, says }, wrong);
        }
      }
      expect(failed()).toEqual([]);
    });
  }

  for (const auth of auths) {
    test(`wherever an upload is to go on (${auth}; GHSA-jxpm-75mh-9fp7, oras-go#1273)`, async () => {
      const { descriptor, open } = blobOf("a blob");
      for (const { says, leads } of leadsFrom("https")) {
        for (const stage of ["POST", "mount", "PATCH"] as const) {
          // What others do matters where they are visited.
          for (const [reaction, answer] of Object.entries(reactions).slice(0, leads === "other" ? undefined : 1)) {
            const client = await clientOf(auth, "https");
            if (stage === "PATCH") client.memory.chunked.add("registry.test/app");
            world.play(uploadScript(auth, { says, stage, answer }));
            const { target } = openRegistryPlace(client, parseReference("registry.test/app"));
            const from = stage === "mount" ? { from: { origin: "https://registry.test", repository: "other" } } : {};
            await target.putBlob(descriptor, open, from).catch(() => {});
            await target.abandon();
            const wrong = [...leaks(auth, "https", realmAt)];
            const visited = world.arrived.some(isElsewhere("https"));
            if (visited !== (leads === "other")) wrong.push(visited ? "went there" : "did not go there");
            judge({ what: "upload", auth, stage, says, reaction }, wrong);
          }
        }
      }
      expect(failed()).toEqual([]);
    });

    test(`whatever an answer's Link says (${auth}; GHSA-h7vf-4x9w-h99v, ggcr#2332, oras-go#1214, oras-go#1215)`, async () => {
      for (const { says } of leadsFrom("https")) {
        for (const method of methods) {
          const client = await clientOf(auth, "https");
          world.play((request) => {
            if (request.origin === "https://auth.test") return tokenAnswer;
            return guard(auth, request, realmAt) ?? { status: 200, headers: { link: `<${says}>; rel="next"` }, body: "x" };
          });
          await ask(openAccess(client, wayTo("https"), ["pull"]), method);
          const wrong = [...leaks(auth, "https", realmAt), ...world.arrived.filter(isElsewhere("https")).map(({ origin }) => `asked ${origin}`)];
          judge({ what: "link", auth, method, says }, wrong);
        }
      }
      expect(failed()).toEqual([]);
    });

    test(`whatever a layer's urls say (${auth}; CVE-2020-15157)`, async () => {
      for (const { says } of leadsFrom("https")) {
        const client = await clientOf(auth, "https");
        world.play((request) => {
          if (request.origin === "https://auth.test") return tokenAnswer;
          if (request.origin !== "https://registry.test") return { status: 401, headers: { "www-authenticate": 'Basic realm="give"' } };
          return guard(auth, request, realmAt) ?? { status: 404 };
        });
        const { source } = openRegistryPlace(client, parseReference("registry.test/app"));
        const layer = { ...blobOf("x").descriptor, urls: [says] };
        await Promise.allSettled([source.blob(layer), source.smallBlob(layer)]);
        const wrong = [...leaks(auth, "https", realmAt), ...world.arrived.filter(isElsewhere("https")).map(({ origin }) => `asked ${origin}`)];
        judge({ what: "urls", auth, says }, wrong);
      }
      expect(failed()).toEqual([]);
    });
  }

  test("in at least 1 000 cells, each of them another", () => {
    expect(cells.length).toBeGreaterThanOrEqual(1000);
    expect(new Set(cells.map((cell) => JSON.stringify(cell))).size).toBe(cells.length);
  });
});

/** Sends one request of `method`; how it ends does not matter. */
async function ask(access: ReturnType<typeof openAccess>, method: HttpMethod): Promise<void> {
  const body = method === "GET" || method === "HEAD" ? {} : { body: encodeUtf8("x") };
  const response = await access.send({ method, at: "blobs/x", doing: "Cannot ask", ...body }).catch(() => undefined);
  await response?.discard();
}

/** A registry whose uploads go on where `says` says, from the stage on. */
function uploadScript(auth: Auth, { says, stage, answer }: { readonly says: string; readonly stage: string; readonly answer: WorldAnswer }): Script {
  return (request) => {
    if (request.origin === "https://auth.test") return tokenAnswer;
    if (request.origin !== "https://registry.test") return answer;
    const refused = guard(auth, request, realmAt);
    if (refused) return refused;
    const isMount = request.path.includes("mount=");
    const lead: WorldAnswer = { status: 202, headers: { location: says } };
    if (request.method === "POST")
      return stage === "PATCH" || (stage === "mount" && !isMount) ? { status: 202, headers: { location: "/v2/app/blobs/uploads/1" } } : lead;
    if (request.method === "PATCH") return lead;
    return request.method === "PUT" ? { status: 201 } : { status: request.method === "DELETE" ? 204 : 404 };
  };
}
