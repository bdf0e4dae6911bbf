import { afterEach, describe, expect, it } from "bun:test";
import { addToList, annotateList, createList, type ListContext, openLists, pushList } from "../../src/core/list/mod.ts";
import type { Fetch } from "../../src/core/port/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { failureOf } from "../helper/lists.ts";
import {
  type Fault,
  type RegistryOptions,
  type SeededImage,
  type SeenRequest,
  seedImage,
  seedIndex,
  sha256,
  startRegistry,
  type TestRegistry,
} from "../helper/registry.ts";

/** What a case works with: two registries, two images, and verbs that have asked nothing yet. */
interface Setting {
  readonly target: TestRegistry;
  readonly other: TestRegistry;
  readonly lists: ListContext;
  readonly images: readonly SeededImage[];
}

interface Case {
  /** What client.md calls it. */
  readonly name: string;
  /** Where the images are. */
  readonly images: "target" | "neighbour" | "other";
  /** Requests for images of 1 and of 5 layers. */
  readonly requests: readonly [number, number];
  /** Longest chain of requests that wait for each other. */
  readonly chain: number;
  /** Done before anything is counted. */
  readonly prepare?: (setting: Setting) => Promise<unknown>;
  readonly run: (setting: Setting) => Promise<unknown>;
}

const platforms = ["linux/amd64", "linux/arm64"] as const;
const repositoryOf = { target: "app", neighbour: "parts", other: "parts" } as const;

function namesOf({ target, other }: Pick<Setting, "target" | "other">, where: Case["images"]): readonly string[] {
  const { host } = where === "other" ? other : target;
  return ["amd64", "arm64"].map((tag) => `docker://${host}/${repositoryOf[where]}:${tag}`);
}

const tagOf = ({ target }: Setting) => `docker://${target.host}/app:1`;

const cases: readonly Case[] = [
  {
    name: "a. images in the target repository",
    images: "target",
    requests: [5, 5],
    chain: 3,
    run: (setting) => createList(setting.lists, tagOf(setting), { images: namesOf(setting, "target") }),
  },
  {
    name: "a'. the same, platforms given by flags",
    images: "target",
    requests: [3, 3],
    chain: 2,
    run: (setting) => createList(setting.lists, tagOf(setting), { images: namesOf(setting, "target").map((name, at) => `${name}=${platforms[at]}`) }),
  },
  {
    name: "a''. the same, full descriptors given",
    images: "target",
    requests: [1, 1],
    chain: 1,
    run: (setting) => createList(setting.lists, tagOf(setting), { images: ["@/amd64.json", "@/arm64.json"] }),
  },
  {
    name: "b. images in another repository of the same registry",
    images: "neighbour",
    requests: [13, 21],
    chain: 5,
    run: (setting) => createList(setting.lists, tagOf(setting), { images: namesOf(setting, "neighbour") }),
  },
  {
    name: "c. images in another registry",
    images: "other",
    requests: [19, 43],
    chain: 6,
    run: (setting) => createList(setting.lists, tagOf(setting), { images: namesOf(setting, "other") }),
  },
  {
    name: "d. push again, nothing changed",
    images: "other",
    requests: [3, 3],
    chain: 2,
    prepare: async (setting) => {
      await createList(setting.lists, "app", { images: namesOf(setting, "other") });
      await pushList(setting.lists, "app", [tagOf(setting)]);
    },
    run: (setting) => pushList(setting.lists, "app", [tagOf(setting)]),
  },
  {
    name: "e. annotate an index in place",
    images: "target",
    requests: [3, 3],
    chain: 3,
    prepare: async ({ target, images }) =>
      seedIndex(
        target,
        "app",
        "1",
        images.map(({ manifest }) => manifest),
      ),
    run: (setting) => annotateList(setting.lists, tagOf(setting), { annotations: { "org.opencontainers.image.description": "An app" } }),
  },
];

const open: TestRegistry[] = [];
afterEach(async () => {
  for (const registry of open.splice(0)) await registry.stop();
});

interface SettingOptions extends RegistryOptions {
  readonly credentials?: string;
  /** How many requests may run at once. @default 8 */
  readonly concurrency?: number;
}

/** Starts both registries, puts the images where the case has them, and prepares it. */
async function openSetting({ images: where, prepare }: Case, layers: number, options: SettingOptions = {}): Promise<Setting> {
  let isCounting = false;
  const { credentials, concurrency = 8, ...rest } = options;
  const fault = async (request: SeenRequest) => (isCounting ? await options.fault?.(request) : undefined);
  const [target, other] = await Promise.all([startRegistry({ ...rest, fault }), startRegistry({ ...rest, fault })]);
  open.push(target, other);
  const registry = where === "other" ? other : target;
  const images = platforms.map((platform) => seedImage(registry, repositoryOf[where], platform.slice(6), { platform, layers }));
  const files = Object.fromEntries(
    images.map(({ manifest }, at) => [
      `/${platforms[at]?.slice(6)}.json`,
      JSON.stringify({ ...manifest, platform: { architecture: platforms[at]?.slice(6), os: "linux" } }),
    ]),
  );
  const { fetch, hash } = await currentHost();
  const host = { ...memoryHost({ fetch, files }), hash };
  const fresh = () => openLists(host, { root: "/lists", verifyTls: false, retries: 0, concurrency, ...(credentials !== undefined && { credentials }) });
  await prepare?.({ target, other, images, lists: fresh() });
  for (const each of [target, other]) each.clear();
  isCounting = true;
  return { target, other, images, lists: fresh() };
}

function requestsOf({ target, other }: Setting): readonly string[] {
  return [...target.log(), ...other.log().map((line) => `other ${line}`)];
}

for (const one of cases) {
  describe(one.name, () => {
    for (const [at, layers] of [1, 5].entries()) {
      it(`takes ${one.requests[at]} requests for images of ${layers} layers`, async () => {
        const setting = await openSetting(one, layers);
        await one.run(setting);
        expect(requestsOf(setting)).toHaveLength(one.requests[at] ?? 0);
        expect(setting.target.repository("app").tags.get("1")).toMatch(/^sha256:/);
      });
    }

    for (const layers of [1, 5]) {
      it(`waits for a chain of at most ${one.chain} answers for images of ${layers} layers, where nothing bounds what runs at once`, async () => {
        const setting = await openSetting(one, layers, { concurrency: 64 });
        const rounds = createRounds(setting.lists.host.fetch);
        await one.run({
          ...setting,
          lists: openLists({ ...setting.lists.host, fetch: rounds.fetch }, { root: "/lists", verifyTls: false, retries: 0, concurrency: 64 }),
        });
        expect(rounds.count()).toBe(one.chain);
      });
    }
  });
}

/** Sends requests in rounds: none goes before everybody who does not wait for an answer has asked, and every answer has come. */
function createRounds(fetch: Fetch): { readonly fetch: Fetch; readonly count: () => number } {
  let rounds = 0;
  let asked = 0;
  let round: Promise<void> | undefined;
  const open = new Set<Promise<unknown>>();
  const nextRound = async (): Promise<void> => {
    // Turns of the event loop, not time: with no answer on its way, whoever is about to ask does so in a few.
    for (let turns = 0, seen = asked; turns < 50; turns++) {
      await Promise.allSettled(open);
      await new Promise((resolve) => setImmediate(resolve));
      if (seen !== asked) [turns, seen] = [0, asked];
    }
    rounds++;
    round = undefined;
  };
  const send: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    const bytes = await response.arrayBuffer();
    return new Response(bytes.byteLength === 0 ? null : bytes, { status: response.status, headers: response.headers });
  };
  return {
    count: () => rounds,
    fetch: async (url, init) => {
      asked++;
      // That these registries do not speak TLS is found out first, by a handshake that fails.
      if (url.startsWith("http:")) await (round ??= nextRound());
      const answer = send(url, init);
      open.add(answer);
      return await answer.finally(() => open.delete(answer));
    },
  };
}

/** Returns `bytes` with one letter or digit changed, so that JSON stays JSON of the same shape. */
function spoil(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const at = Math.max(text.lastIndexOf("a"), text.lastIndexOf("1"));
  const spoiled = bytes.slice();
  spoiled[at] = (spoiled[at] ?? 0) ^ 2;
  return spoiled;
}

const otherDigest = sha256("something else");

/** Returns an answer that says something else than the right one, in the form of the right one; the request is not served. */
function lie(registry: TestRegistry, { method, path }: SeenRequest): Exclude<Fault, string | number> {
  const [, repository = "", kind, name = ""] = /^\/v2\/(.+?)\/(manifests|blobs)\/([^?]*)/.exec(path) ?? [];
  const stored = registry.repository(repository);
  const digest = name.includes(":") ? name : (stored.tags.get(name) ?? "");
  if (kind === "manifests") {
    const manifest = stored.manifests.get(digest);
    const type = manifest?.mediaType ?? "application/vnd.oci.image.manifest.v1+json";
    if (method === "GET")
      return { status: 200, headers: { "content-type": type, "docker-content-digest": digest }, body: spoil(manifest?.bytes ?? new Uint8Array()) };
    if (method === "PUT") return { status: 201, headers: { "docker-content-digest": otherDigest } };
    const length = String(manifest?.bytes.length ?? 7);
    return { status: 200, headers: { "content-type": type, "docker-content-digest": manifest ? otherDigest : digest, "content-length": length } };
  }
  if (method === "GET") return { status: 200, headers: { "docker-content-digest": name }, body: spoil(stored.blobs.get(name) ?? new Uint8Array()) };
  if (method === "POST" && path.includes("mount=")) return { status: 201, headers: { "docker-content-digest": otherDigest } };
  if (method === "POST") return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/00000000-0000-0000-0000-000000000000` } };
  return { status: 201, headers: { "docker-content-digest": otherDigest } };
}

/**
 * Lies that do no harm. Where an image is there, an answer to HEAD that names another digest makes the client send the image again;
 * where a registry says that it has a blob which it then misses, the client sends the blob. What is written is right. (That a HEAD's
 * `Content-Length` is the manifest's can only be found out by reading it.)
 */
function isHarmless({ method, path }: SeenRequest, { name }: Case): boolean {
  if (method === "POST") return path.includes("mount=");
  return /^[bcd]\./.test(name) && method === "HEAD" && path.includes("/manifests/sha256:");
}

/** Checks that the tag leads to everything. */
function expectWhole({ target, images }: Setting): void {
  const { tags, manifests, blobs } = target.repository("app");
  expect(manifests.has(tags.get("1") ?? "")).toBe(true);
  for (const { manifest, config, layers } of images) {
    expect(manifests.has(manifest.digest)).toBe(true);
    for (const { digest } of [config, ...layers]) expect(blobs.has(digest)).toBe(true);
  }
}

describe("no budget is met by leaving a check out:", () => {
  const kinds = ["a lie", "status 500"] as const;
  for (const one of cases) {
    for (const kind of kinds) {
      it(`${one.name}, each answer in turn ${kind}: the verb fails and nothing is tagged`, async () => {
        const seen = new Set<string>();
        for (let at = 0; at < one.requests[0]; at++) {
          let count = 0;
          let spoiled: SeenRequest | undefined;
          const setting: Setting = await openSetting(one, 1, {
            fault: (request) => {
              if (count++ !== at) return undefined;
              spoiled = request;
              if (kind === "status 500") return 500;
              return lie(String(request.headers.host) === setting.other.host ? setting.other : setting.target, request);
            },
          });
          const before = setting.target.repository("app").tags.get("1");
          const outcome = await one.run(setting).then(
            () => "succeeds",
            () => "fails",
          );
          if (spoiled === undefined) throw new Error(`there was no request ${at}`);
          seen.add(spoiled.method);
          const expected = kind === "a lie" && isHarmless(spoiled, one) ? "succeeds" : "fails";
          expect([spoiled.method, spoiled.path, outcome]).toEqual([spoiled.method, spoiled.path, expected]);
          if (expected === "fails") expect(setting.target.repository("app").tags.get("1")).toBe(before);
          else expectWhole(setting);
        }
        expect(seen.size).toBeGreaterThan(0);
      });
    }
  }
});

describe("with bearer tokens", () => {
  for (const one of cases) {
    it(`${one.name}: one token per registry and scope set, and no 401 but to a repository's first requests in flight`, async () => {
      const setting = await openSetting(one, 5, { auth: "bearer", credentials: "user:secret" });
      await one.run(setting);
      const registries = [setting.target, setting.other];
      for (const { tokenRequests } of registries) {
        const scopes = tokenRequests.map(({ path }) => new URL(path, "http://token").searchParams.getAll("scope").sort().join(" "));
        expect(new Set(scopes).size).toBe(scopes.length);
      }
      const refused = registries.flatMap(({ requests }) => requests.filter(({ status }) => status === 401));
      for (const name of ["app", "parts"]) expect(refused.filter(({ path }) => path.startsWith(`/v2/${name}/`)).length).toBeLessThanOrEqual(platforms.length);
      expect(requestsOf(setting).length - refused.length).toBe(one.requests[1]);
      expect(setting.target.repository("app").tags.get("1")).toMatch(/^sha256:/);
    });
  }

  it("asks for a token to read, one to write, and one to write and mount", async () => {
    const one = cases.find(({ images }) => images === "neighbour");
    if (!one) throw new Error("no case");
    const setting = await openSetting(one, 1, { auth: "bearer", credentials: "user:secret" });
    await one.run(setting);
    const scopes = setting.target.tokenRequests.map(({ path }) => new URL(path, "http://token").searchParams.getAll("scope").sort().join(" "));
    expect(scopes.sort()).toEqual(["repository:app:pull,push", "repository:app:pull,push repository:parts:pull", "repository:parts:pull"]);
  });
});

describe("addToList() at a location", () => {
  it("reads what is there once, and only the image that is new", async () => {
    const one = cases[0];
    if (!one) throw new Error("no case");
    const setting = await openSetting(one, 5, {});
    await one.run(setting);
    setting.target.clear();
    const { manifest } = seedImage(setting.target, "app", "riscv64", { platform: "linux/riscv64" });
    await addToList(openLists({ ...setting.lists.host }, { verifyTls: false }), tagOf(setting), [`docker://${setting.target.host}/app:riscv64`]);
    const methods = setting.target.requests.map(({ method }) => method).sort();
    expect(methods).toEqual(["GET", "GET", "GET", "HEAD", "PUT"]);
    expect(manifest.digest).toMatch(/^sha256:/);
  });

  it("says who refused", async () => {
    const one = cases[4];
    if (!one) throw new Error("no case");
    const setting = await openSetting(one, 1, { fault: ({ method }) => (method === "PUT" ? 403 : undefined) });
    const failure = await failureOf(one.run(setting));
    expect(failure.code).toBe("DENIED");
    expect(failure.message).toContain(setting.target.host);
  });
});
