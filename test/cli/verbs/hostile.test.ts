import { afterEach, describe, expect, test } from "bun:test";
import type { RequestListener, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { testClock } from "../../helper/clock.ts";
import { type SeededImage, type SeenRequest, seedImage, seedIndex, sha256, startRegistry, type TestRegistry } from "../../helper/registry.ts";
import { serve, serveSockets } from "../../helper/server.ts";
import type { Run } from "../run.ts";
import { openShell, type Shell } from "./shell.ts";

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function startTestRegistry(options: Parameters<typeof startRegistry>[0] = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  running.push({ close: () => registry.stop() });
  return registry;
}

type Answer = (response: ServerResponse, image: SeededImage) => void;

/** A registry that answers to some paths in its own way, and to all others as it should. */
async function startHostile(where: RegExp, answer: Answer): Promise<{ readonly host: string; readonly image: SeededImage }> {
  const honest = await startTestRegistry();
  const image = seedImage(honest, "app", "1", { layers: 2 });
  seedIndex(honest, "app", "list", [{ ...image.manifest, platform: { architecture: "amd64", os: "linux" } }]);
  const listener: RequestListener = async ({ method = "", url = "", headers }, response) => {
    response.on("error", () => {});
    if (where.test(`${method} ${url}`)) return answer(response, image);
    const forwarded = await fetch(`${honest.origin}${url}`, { method, headers: { accept: String(headers.accept) } });
    response.writeHead(forwarded.status, Object.fromEntries(forwarded.headers));
    response.end(method === "HEAD" ? undefined : new Uint8Array(await forwarded.arrayBuffer()));
  };
  const server = await serve(listener);
  running.push(server);
  return { host: server.host, image };
}

/** Opens a shell in which waiting takes no time. */
const openQuick = (): Promise<Shell> => openShell({ clock: testClock() });

/** Expects what every refusal is: exit status 125, nothing on standard output, one line that is no stack trace; tries that failed before may be told of. */
function expectRefusal({ status, output, errors }: Run): string {
  const lines = errors.split("\n").filter((line) => line !== "" && !line.startsWith("Failed, retrying in "));
  expect([status, output, lines.length]).toEqual([125, "", 1]);
  expect(lines[0]).toMatch(/^Error: Cannot /);
  expect(lines[0]).not.toMatch(/defect|\bat \S+:\d+|[\u0000-\u001f\u007f-\u009f]/);
  expect(lines[0]?.length).toBeLessThan(2000);
  return lines[0] ?? "";
}

const insecure = "--tls-verify=false";
const ociIndex = "application/vnd.oci.image.index.v1+json";
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const json =
  (value: unknown, type = ociIndex): Answer =>
  (response) =>
    void response.writeHead(200, { "content-type": type }).end(JSON.stringify(value));
const text =
  (body: string | Uint8Array, type = ociIndex): Answer =>
  (response) =>
    void response.writeHead(200, { "content-type": type }).end(body);
const redirect =
  (location: string): Answer =>
  (response) =>
    void response.writeHead(307, { location }).end();
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256("{}"), size: 2 };
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: sha256("x"), size: 1 };
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [] };
const manifest = { schemaVersion: 2, mediaType: ociManifest, config, layers: [layer] };

/** A body without end, until the connection is cut. */
const endless: Answer = (response) => {
  const more = (): void => {
    while (!response.destroyed && response.write("x".repeat(65_536)));
  };
  response.writeHead(200, { "content-type": ociIndex });
  response.on("drain", more);
  more();
};

/** What may come in place of a manifest. */
const manifests: Readonly<Record<string, Answer>> = {
  nothing: text(""),
  "a page": text("<html><body>Log in</body></html>", "text/html"),
  "no JSON": text("{"),
  "two documents": text(`${JSON.stringify(index)}${JSON.stringify(index)}`),
  "a list": json([]),
  "a text": json("manifest"),
  "a number": json(7),
  null: json(null),
  true: json(true),
  "what is no UTF-8": text(new Uint8Array([0x7b, 0xff, 0x7d])),
  "a byte order mark": text(`\ufeff${JSON.stringify(index)}`),
  "a compressed document": text(gzipSync(JSON.stringify(index))),
  "more than 4 MiB": text(JSON.stringify(index).padEnd(5 << 20)),
  "a body without end (CVE-2020-1702)": endless,
  "a body that says to be longer": (response) => {
    response.writeHead(200, { "content-type": ociIndex, "content-length": "1000" });
    response.write("{", () => response.destroy());
  },
  "100 000 levels of lists": text(`{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
  "100 000 levels of objects nobody knows": text(
    `{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[],"x":${'{"a":'.repeat(100_000)}0${"}".repeat(100_000)}}`,
  ),
  "100 000 levels without end": text("[".repeat(100_000)),
  "a million names": text(`{${'"a":1,'.repeat(1_000_000)}"b":1}`),
  "a million entries (CVE-2024-29902, CVE-2024-29903)": text(`{"manifests":[${"{},".repeat(1_000_000)}{}]}`),
  "an index that is an image (CVE-2021-41190, GHSA-mc8v-mgrf-8f4m, GHSA-5j5w-g665-5m35)": json({ ...index, config, layers: [layer] }),
  "an image that is an index (CVE-2021-41190, GHSA-mc8v-mgrf-8f4m, GHSA-5j5w-g665-5m35)": json({ ...manifest, manifests: [] }, ociManifest),
  "an index sent as an image": json(index, ociManifest),
  "an image sent as an index": json(manifest, ociIndex),
  "an image that says to be an index": json({ ...manifest, mediaType: ociIndex }),
  "an index of no type sent as an image": json({ schemaVersion: 2, manifests: [] }, ociManifest),
  "a type nobody knows": json({ ...index, mediaType: "application/x" }, "application/x"),
  "a type that is no text": json({ ...index, mediaType: 7 }),
  "schema 1": json({ schemaVersion: 1, fsLayers: [], history: [] }, "application/vnd.docker.distribution.manifest.v1+json"),
  "schema 3": json({ ...index, schemaVersion: 3 }),
  "entries that are no list": json({ ...index, manifests: {} }),
  "an entry that is no object": json({ ...index, manifests: [7] }),
  "an entry without digest": json({ ...index, manifests: [{ mediaType: ociManifest, size: 1 }] }),
  "an entry whose digest leaves its path (CVE-2024-3727, GHSA-6wvf-f2vw-3425)": json({
    ...index,
    manifests: [{ mediaType: ociManifest, digest: "sha256:../../x", size: 1 }],
  }),
  "an entry of negative size (GHSA-f36w-mj3v-6jqv)": json({ ...index, manifests: [{ mediaType: ociManifest, digest: sha256("x"), size: -1 }] }),
  "an entry of a size without end (GHSA-f36w-mj3v-6jqv)": text(
    `{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[{"mediaType":"${ociManifest}","digest":"${sha256("x")}","size":1e400}]}`,
  ),
  "annotations that are no texts": json({ ...index, annotations: { a: { b: 1 } } }),
  "a digest header that is another's": (response) =>
    void response.writeHead(200, { "content-type": ociIndex, "docker-content-digest": sha256("other") }).end(JSON.stringify(index)),
  "a redirect to itself": redirect("list"),
  "a redirect without end": redirect("/v2/app/manifests/list?again"),
  "a redirect to nowhere": redirect("http://[::1"),
  "a redirect without location": (response) => void response.writeHead(302).end(),
  "a redirect to a file": redirect("file:///etc/passwd"),
  "a redirect to ftp": redirect("ftp://127.0.0.1/x"),
  "a redirect to data": redirect(`data:${ociIndex},${encodeURIComponent(JSON.stringify(index))}`),
  "a redirect with a user": redirect("http://user:password@127.0.0.1:1/"),
  "no content": (response) => void response.writeHead(204).end(),
  "a part": (response) => void response.writeHead(206, { "content-type": ociIndex }).end(JSON.stringify(index)),
  "not modified": (response) => void response.writeHead(304).end(),
  "an error of a megabyte": (response) => void response.writeHead(404).end("\u001b]8;;x\u0007".repeat(200_000)),
  "an error without end": (response) => {
    response.writeHead(403);
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  },
  "an error of 100 000 levels": (response) => void response.writeHead(400).end(`{"errors":${"[".repeat(100_000)}`),
  "200 headers": (response) => {
    for (let at = 0; at < 200; at++) response.setHeader(`x-${at}`, "x".repeat(4000));
    response.writeHead(403).end();
  },
};

describe("a registry that answers a manifest with", () => {
  for (const [name, answer] of Object.entries(manifests)) {
    test(`${name} is refused in one line, and nothing is written`, async () => {
      const { host } = await startHostile(/^(?:GET|HEAD) .*manifests\/list/, answer);
      const shell = await openQuick();
      const other = await startTestRegistry();
      const from = `docker://${host}/app:list`;
      expectRefusal(await shell.manifest("inspect", insecure, from));
      expectRefusal(await shell.manifest("create", insecure, "made", from));
      expect((await shell.manifest("exists", "made")).status).toBe(1);
      expectRefusal(await shell.manifest("annotate", insecure, "--annotation", "a=1", from));
      expectRefusal(await shell.manifest("push", "-q", insecure, from, "oci:/out:1"));
      expect(await shell.host.files.status("/out")).toBe(undefined);
      expectRefusal(await shell.manifest("push", "-q", insecure, from, `docker://${other.host}/app:1`));
      expect(other.repository("app").tags.size).toBe(0);
    });
  }

  test("another one than the digest asked for prints nothing (CVE-2025-24882, GHSA-qv35-3gw6-8q4j)", async () => {
    for (const digest of [undefined, sha256("asked")]) {
      const headers = { "content-type": ociIndex, ...(digest && { "docker-content-digest": digest }) };
      const { host } = await startHostile(/manifests\/sha256/, (response) => void response.writeHead(200, headers).end(JSON.stringify(index)));
      const shell = await openQuick();
      expect(expectRefusal(await shell.manifest("inspect", insecure, `docker://${host}/app@${sha256("asked")}`))).toContain(sha256("asked"));
      expectRefusal(await shell.manifest("create", insecure, "made", `docker://${host}/app@${sha256("asked")}`));
      expect((await shell.manifest("exists", "made")).status).toBe(1);
    }
  });

  test("names that stand twice, hundreds of thousands of them, is shown and not edited (CVE-2014-8178, CVE-2014-8179)", async () => {
    const document = `{"schemaVersion":2,"mediaType":"${ociIndex}","manifests":[],${'"":0,'.repeat(700_000)}"x":1}`;
    const { host } = await startHostile(/manifests\/list/, text(document));
    const shell = await openQuick();
    expect(await shell.manifest("inspect", "--output=raw", insecure, `docker://${host}/app:list`)).toMatchObject({ status: 0, errors: "" });
    expect(expectRefusal(await shell.manifest("annotate", insecure, "--annotation", "a=1", `docker://${host}/app:list`))).toContain("stands twice");
  });
});

/** What may come in place of a blob. */
const blobs: Readonly<Record<string, Answer>> = {
  nothing: text(""),
  "other bytes of the same length": (response, { config: { size } }) => void response.end("x".repeat(size)),
  "too much": (response, { config: { size } }) => void response.end("x".repeat(size + 1)),
  "a body without end (CVE-2020-1702)": endless,
  "a page": text("<html>", "text/html"),
  "a redirect to itself": redirect("?again"),
  "a redirect to ftp": redirect("ftp://127.0.0.1/x"),
  "a part": (response) => void response.writeHead(206, { "content-range": "bytes 5-9/10" }).end("hello"),
  "not found": (response) => void response.writeHead(404).end(),
  "no content": (response) => void response.writeHead(204).end(),
};

describe("a registry that answers a blob with", () => {
  for (const [name, answer] of Object.entries(blobs)) {
    for (const what of ["config", "layer"] as const) {
      test(`${name} (${what}) is refused in one line, and nothing is written`, async () => {
        const honest = await startTestRegistry();
        const { config, layers } = seedImage(honest, "app", "1", { layers: 2 });
        const digest = what === "config" ? config.digest : layers[1]?.digest;
        const { host } = await startHostile(new RegExp(`blobs/${digest}`), answer);
        const shell = await openQuick();
        const other = await startTestRegistry();
        expectRefusal(await shell.manifest("push", "-q", insecure, `docker://${host}/app:list`, "oci:/out:1"));
        expect(await shell.host.files.status("/out")).toBe(undefined);
        expectRefusal(await shell.manifest("push", "-q", insecure, `docker://${host}/app:list`, "dir:/dir"));
        expect(await shell.host.files.status("/dir")).toBe(undefined);
        expectRefusal(await shell.manifest("push", "-q", insecure, `docker://${host}/app:list`, `docker://${other.host}/app:1`));
        expect([other.repository("app").tags.size, other.repository("app").manifests.size, other.openUploads()]).toEqual([0, 0, 0]);
        if (what === "config") {
          expectRefusal(await shell.manifest("create", insecure, "made", `docker://${host}/app:1`));
          expect((await shell.manifest("exists", "made")).status).toBe(1);
        }
      });
    }
  }

  test("a config that is too large, too deep or of the wrong type is refused in one line", async () => {
    for (const content of ["{}".padEnd(5 << 20), `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "[]", '{"os":7}', "\u0000", ""]) {
      const registry = await startTestRegistry();
      const seeded = registry.putBlob("app", content, config.mediaType);
      registry.putManifest("app", "1", { ...manifest, config: seeded, layers: [] });
      const shell = await openQuick();
      expectRefusal(await shell.manifest("create", insecure, "made", `docker://${registry.host}/app:1`));
      expect((await shell.manifest("exists", "made")).status).toBe(1);
    }
  });
});

describe("a server that is no registry", () => {
  for (const [name, head] of [
    ["headers without end", "HTTP/1.1 200 OK\r\n"],
    ["a header without end", "HTTP/1.1 200 OK\r\nx: "],
    ["a status line without end", "HTTP/1.1 200 "],
    ["a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx"],
    ["chunks that are none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
    ["another protocol", "SSH-2.0-OpenSSH_9\r\n"],
  ] as const) {
    test(`and sends ${name} is refused in one line`, async () => {
      const server = await serveSockets((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => {
          socket.write(head);
          if (!name.endsWith("without end")) return void socket.end();
          const piece = name.startsWith("headers") ? "x: y\r\n".repeat(1000) : "x".repeat(65_536);
          const more = (): void => {
            while (!socket.destroyed && socket.write(piece));
          };
          socket.on("drain", more);
          more();
        });
      });
      running.push(server);
      const shell = await openQuick();
      for (const line of [["inspect"], ["create", "made"]]) expectRefusal(await shell.manifest(...line, insecure, `docker://${server.host}/app:1`));
      expect((await shell.manifest("exists", "made")).status).toBe(1);
    });
  }
});

describe("a registry that is pushed to and answers", () => {
  const at = (method: string, part: string, answer: ReturnType<NonNullable<Parameters<typeof startRegistry>[0]>["fault"] & {}>) => (seen: SeenRequest) =>
    seen.method === method && seen.path.includes(part) ? answer : undefined;
  const page = { status: 200, headers: { "content-type": "text/html" }, body: "<html>Log in</html>" };
  for (const [name, fault] of Object.entries({
    "everything with a page": () => page,
    "an upload without location": at("POST", "uploads", { status: 202 }),
    "an upload that goes on in a file": at("POST", "uploads", { status: 202, headers: { location: "file:///tmp/x" } }),
    "an upload that goes on nowhere": at("POST", "uploads", { status: 202, headers: { location: "http://[::1" } }),
    "an upload with a page": at("POST", "uploads", page),
    "a blob with a redirect": at("PUT", "blobs", { status: 307, headers: { location: "/again" } }),
    "a blob with a page": at("PUT", "blobs", page),
    "a manifest with another digest": at("PUT", "manifests", { status: 201, headers: { "docker-content-digest": sha256("other") } }),
    "a manifest with a redirect": at("PUT", "manifests", { status: 308, headers: { location: "/again" } }),
    "a manifest with a page": at("PUT", "manifests", page),
    "the tag with a page": at("PUT", "manifests/1", page),
    "the tag with another digest": at("PUT", "manifests/1", { status: 201, headers: { "docker-content-digest": sha256("other") } }),
  })) {
    test(`${name} is told in one line`, async () => {
      const registry = await startTestRegistry({ fault });
      const shell = await openQuick();
      await shell.must("create", "local", "oci:/src:amd64");
      expectRefusal(await shell.manifest("push", "-q", insecure, "local", `docker://${registry.host}/app:1`));
      expect(registry.repository("app").tags.size).toBe(0);
    });
  }
});

describe("an image that names", () => {
  /** Returns the paths of all files below `path`. */
  async function filesBelow(files: Shell["host"]["files"], path: string): Promise<readonly string[]> {
    const names = await files.list(path);
    const below = names.map(async (name) => {
      const inner = files.join(path, name);
      return (await files.status(inner))?.kind === "directory" ? await filesBelow(files, inner) : [inner];
    });
    return (await Promise.all(below)).flat();
  }

  test("its files by a path is written under its digests, nothing is unpacked (CVE-2021-21272)", async () => {
    const registry = await startTestRegistry();
    const titles = ["../../x", "/etc/passwd", "..\\x", "index.json", "blobs/../../x"];
    const layers = titles.map((title, at) => ({ ...registry.putBlob("app", `file ${at}`), annotations: { "org.opencontainers.image.title": title } }));
    const seeded = registry.putBlob("app", "{}", config.mediaType);
    registry.putManifest("app", "1", { ...manifest, artifactType: "application/x", config: seeded, layers });
    const shell = await openQuick();
    await shell.must("create", insecure, "local", `docker://${registry.host}/app:1`);
    const before = await filesBelow(shell.host.files, "/");
    for (const to of ["oci:/out/layout:1", "dir:/out/dir", "oci-archive:/out/app.tar:1"]) {
      expect(await shell.manifest("push", "-q", "--all", insecure, "local", to)).toMatchObject({ status: 0, errors: "" });
    }
    const made = (await filesBelow(shell.host.files, "/")).filter((path) => !before.includes(path) && !path.startsWith("/home/me/.cache/ocidex/"));
    const allowed =
      /^\/out\/(?:layout\/(?:blobs\/sha256\/[0-9a-f]{64}|index\.json|oci-layout)|dir\/(?:[0-9a-f]{64}(?:\.manifest\.json)?|manifest\.json|version)|app\.tar)$/;
    expect(made.length).toBeGreaterThan(10);
    expect(made.filter((path) => !allowed.test(path))).toEqual([]);
  });

  test("a subject that names it again is copied, and neither is walked (GHSA-298f-872v-2rcx, CVE-2026-55588)", async () => {
    const registry = await startTestRegistry();
    const seeded = registry.putBlob("app", "{}", config.mediaType);
    const [one, other] = [sha256("one"), sha256("other")];
    const document = (subject: string) =>
      JSON.stringify({ ...manifest, config: seeded, layers: [], subject: { mediaType: ociManifest, digest: subject, size: 1 } });
    // No two documents can name each other by digest; a registry that answers so all the same must be followed nowhere.
    const first = registry.putManifest("app", "1", document(other), ociManifest);
    registry.repository("app").manifests.set(other, { mediaType: ociManifest, bytes: new TextEncoder().encode(document(one)) });
    registry.repository("app").manifests.set(one, { mediaType: ociManifest, bytes: new TextEncoder().encode(document(other)) });
    const shell = await openQuick();
    expect(await shell.manifest("create", insecure, "local", `docker://${registry.host}/app:1`)).toMatchObject({ status: 0 });
    expect(await shell.manifest("push", "-q", "--all", insecure, "local", "oci:/out:1")).toMatchObject({ status: 0 });
    expect(registry.requests.filter(({ path }) => path.includes(one) || path.includes(other))).toEqual([]);
    expect(registry.requests.length).toBeLessThan(8);
    expect(first.size).toBeGreaterThan(0);
  });

  test("layers that lie elsewhere in a registry is mounted from where the user said and nowhere else (CVE-2024-39897)", async () => {
    const registry = await startTestRegistry();
    const { manifest: one, layers } = seedImage(registry, "named", "1");
    const bytes = registry.repository("named").blobs.get(layers[0]?.digest ?? "");
    if (bytes) registry.repository("secret/app").blobs.set(layers[0]?.digest ?? "", bytes);
    seedIndex(registry, "named", "list", [{ ...one, platform: { architecture: "amd64", os: "linux" } }]);
    const shell = await openQuick();
    expect(await shell.manifest("push", "-q", insecure, `docker://${registry.host}/named:list`, `docker://${registry.host}/to:1`)).toMatchObject({ status: 0 });
    const from = registry.requests.flatMap(({ path }) => new URL(path, registry.origin).searchParams.getAll("from"));
    expect(new Set(from)).toEqual(new Set(["named"]));
    expect(registry.requests.filter(({ path }) => path.includes("secret"))).toEqual([]);
  });
});
