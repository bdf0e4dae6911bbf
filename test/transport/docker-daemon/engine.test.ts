import { afterEach, describe, expect, it } from "bun:test";
import { link, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { testClock } from "../../helper/clock.ts";
import { savedImage } from "../../helper/saved-image.ts";
import { serve } from "../../helper/server.ts";
import { serverIdentity } from "../../helper/tls.ts";
import { type Setting, type SettingOptions, setUp, tearDown } from "./setting.ts";

afterEach(tearDown);

const app = savedImage({ name: "app:1" });

/** Answers what is asked for an image; everything else is left to the daemon. */
function forImage(answer: (response: ServerResponse, request: IncomingMessage) => unknown): SettingOptions {
  return { instead: (request, response) => (request.url === "/_ping" ? false : answer(response, request) !== false) };
}

/** Returns what reading the image is refused with; nothing may be kept of it. */
async function failure({ source, kept }: Setting, image = "app:1"): Promise<unknown> {
  try {
    await (await source(image)).resolve();
  } catch (error) {
    expect(await kept()).toEqual([]);
    return error;
  }
  throw new Error("nothing was refused");
}

const html = "<html><head><title>Sign in</title></head></html>";
const json = { "content-type": "application/json" };

describe("the answer of a daemon", () => {
  it("that has no such image is passed on", async () => {
    const setting = await setUp({ images: { "app:1": app } });
    expect(await failure(setting, "other:1")).toMatchObject({
      code: "NOT_FOUND",
      message: `Cannot read "docker-daemon:other:1": the docker daemon at "${setting.daemon.dockerHost}" does not have it: No such image: other:1`,
    });
  });

  it.each([
    ["500 with words", 500, json, '{"message":"no space\\u001b[31m left"}', "REGISTRY", "answered 500: no space\\x1b[31m left"],
    ["500 with a page", 500, { "content-type": "text/html" }, html, "REGISTRY", "answered 500"],
    ["403", 403, json, '{"message":"authorization denied by plugin"}', "DENIED", "answered 403: authorization denied by plugin"],
    [
      "400 in plain text",
      400,
      {},
      "Client sent an HTTP request to an HTTPS server.",
      "REGISTRY",
      "answered 400: Client sent an HTTP request to an HTTPS server.",
    ],
    ["200 with a page", 200, { "content-type": "text/html; charset=utf-8" }, html, "REGISTRY", 'sent "text/html; charset=utf-8", expected an archive'],
    ["200 with JSON", 200, json, '{"message":"hello"}', "REGISTRY", 'sent "application/json", expected an archive: hello'],
    ["a redirect", 307, { location: "http://127.0.0.1:1/" }, "", "REGISTRY", "answered 307"],
  ] as const)("that is no archive is refused: %s", async (_, status, headers, body, code, message) => {
    const setting = await setUp(forImage((response) => response.writeHead(status, headers).end(body)));
    expect(await failure(setting)).toMatchObject({
      code,
      message: `Cannot read "docker-daemon:app:1": the docker daemon at "${setting.daemon.dockerHost}" ${message}`,
    });
    expect(setting.daemon.requests).toHaveLength(2);
  });

  it("that goes on in HTML is read to no end", async () => {
    const setting = await setUp(
      forImage((response) => {
        const more = (): void => {
          while (!response.destroyed && response.write("<p>".repeat(20_000)));
        };
        response.setHeader("content-type", "text/html");
        response.on("drain", more);
        more();
      }),
    );
    expect(await failure(setting)).toMatchObject({ code: "REGISTRY", message: expect.stringContaining("expected an archive") });
  });

  it("that breaks off is refused, whether it had a length or not", async () => {
    for (const headers of [{ "content-length": String(app.length) }, {}]) {
      const setting = await setUp(forImage((response) => response.writeHead(200, headers).write(app.subarray(0, 1000), () => response.destroy())));
      expect(await failure(setting)).toMatchObject({
        code: "NETWORK",
        message: expect.stringMatching(/^Cannot read "docker-daemon:app:1": Cannot reach ".*docker\.sock": /),
      });
    }
  });

  it("may begin ten minutes late, as docker writes the image to its disk first, and not later", async () => {
    const clock = testClock();
    const late = await setUp({
      host: { clock },
      ...forImage((response) => {
        clock.advance(599_000);
        return response.end(app);
      }),
    });
    await (await late.source("app:1")).resolve();
    const never = await setUp({ host: { clock }, ...forImage(() => clock.advance(600_000)) });
    expect(await failure(never)).toMatchObject({ code: "NETWORK", message: expect.stringContaining("nothing came for 600 s") });
  });

  it("may pause for as long, and not longer", async () => {
    const clock = testClock();
    const setting = await setUp({
      host: { clock },
      ...forImage((response) =>
        response.write(app.subarray(0, 1000), () => {
          const wait = setInterval(() => clock.advance(100_000), 20);
          response.on("close", () => clearInterval(wait));
        }),
      ),
    });
    expect(await failure(setting)).toMatchObject({ code: "NETWORK", message: expect.stringContaining("nothing came for 600 s") });
  });

  it("is not waited for longer than a minute where it should only say that it is there", async () => {
    const clock = testClock();
    const setting = await setUp({ host: { clock }, instead: () => clock.advance(60_000) });
    expect(await failure(setting)).toMatchObject({ code: "NETWORK", message: expect.stringContaining("nothing came for 60 s") });
  });

  it("ends with the signal, in its middle too", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { source, kept } = await setUp(forImage((response) => response.write(app.subarray(0, 1000), () => controller.abort(reason))));
    const image = await source("app:1");
    await expect(image.resolve({ signal: controller.signal })).rejects.toBe(reason);
    expect(await kept()).toEqual([]);
    await expect(image.resolve({ signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("a daemon that is not there", () => {
  const at = (path: string) => setUp({ variables: { DOCKER_HOST: `unix://${path}` } });

  it("is named with what to do", async () => {
    const { work, daemon } = await setUp();
    const left = join(work, "..", "left.sock");
    const plain = join(work, "..", "file");
    await link(daemon.host, left);
    await daemon.close();
    await rm(daemon.host, { force: true });
    await writeFile(plain, "");
    for (const [path, words] of [
      [daemon.host, "there is no such socket (ENOENT)"],
      [left, "connection refused (ECONNREFUSED)"],
      [plain, "connection refused (ECONNREFUSED)"],
    ] as const)
      expect(await failure(await at(path))).toMatchObject({
        code: "NETWORK",
        message: `Cannot read "docker-daemon:app:1": Cannot reach "${path}": ${words}; start docker, or set DOCKER_HOST to where it listens`,
      });
  });

  it("is asked once and not again", async () => {
    const clock = testClock();
    const server = await serve(() => {});
    await server.close();
    const setting = await setUp({ host: { clock }, variables: { DOCKER_HOST: `tcp://${server.host}` } });
    expect(await failure(setting)).toMatchObject({
      message: expect.stringContaining(`Cannot reach "${server.host}": connection refused (ECONNREFUSED); start docker`),
    });
    expect(clock.waits).toEqual([]);
  });

  it("is told from one that speaks no TLS, or only that", async () => {
    const plain = await setUp({ isTcp: true });
    const secure = await setUp({ isTcp: true, identity: serverIdentity });
    const asked = (DOCKER_HOST: string, more = {}) => setUp({ variables: { DOCKER_HOST, ...more } }).then((setting) => failure(setting));
    expect(await asked(plain.daemon.dockerHost, { DOCKER_TLS_VERIFY: "1" })).toMatchObject({
      code: "NETWORK",
      message: expect.stringContaining("DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say whether TLS is spoken"),
    });
    expect(await asked(secure.daemon.dockerHost)).toMatchObject({ code: "NETWORK" });
  });

  it("is refused where it can only be reached by ssh, before anything is asked", async () => {
    expect(await failure(await setUp({ variables: { DOCKER_HOST: "ssh://me@host" } }))).toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("forward the socket instead"),
    });
  });
});
