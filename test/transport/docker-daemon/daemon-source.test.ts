import { afterEach, describe, expect, it } from "bun:test";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { concatBytes } from "../../../src/core/base/mod.ts";
import { mediaTypes, parseLocation } from "../../../src/core/spec/mod.ts";
import { digestOf } from "../../helper/content.ts";
import { layerOf, savedImage } from "../../helper/saved-image.ts";
import { rawTar } from "../../helper/tar.ts";
import { authority, clientIdentity, serverIdentity } from "../../helper/tls.ts";
import { bytesOf, imageOf, setUp, tearDown } from "./setting.ts";

afterEach(tearDown);

const layers = [layerOf("base"), layerOf("top"), layerOf("base")];
const app = savedImage({ name: "app:1", layers });

/** Returns 1024 bytes as a frame of one raw block (RFC 8878 section 3.1.1), which a runtime without zstd can make too. */
function zstdFrame(bytes: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x00, 0x03, 0x01, 0x20, 0x00), bytes]);
}

describe("an image of a docker daemon", () => {
  it("is a docker image whose layers are gzip, and unpack to the layers it has there", async () => {
    const { source, daemon } = await setUp({ images: { "app:1": app } });
    const image = await source("app:1");
    expect(image.isTemporary).toBe(true);
    const document = await image.resolve();
    const { config, layers: packed, mediaType } = imageOf(document);
    expect([mediaType, config.mediaType, ...packed.map((layer) => layer.mediaType)]).toEqual([
      mediaTypes.dockerManifest,
      mediaTypes.dockerConfig,
      ...layers.map(() => mediaTypes.dockerLayerGzip),
    ]);
    const { rootfs } = JSON.parse(new TextDecoder().decode(await image.smallBlob(config)));
    for (const [at, layer] of packed.entries()) {
      const bytes = await bytesOf(await image.blob(layer));
      expect([digestOf(bytes), bytes.length]).toEqual([layer.digest, layer.size]);
      expect(digestOf(gunzipSync(bytes))).toBe(rootfs.diff_ids[at]);
      expect(await image.smallBlob(layer)).toEqual(bytes);
    }
    expect(await image.describe()).toEqual(document.descriptor);
    expect((await image.manifest({ ...document.descriptor, size: 0 })).bytes).toEqual(document.bytes);
    expect(daemon.requests).toEqual(["GET /_ping", "GET /v1.47/images/app:1/get"]);
  });

  it("has the same digests every time, and is saved once a run, however often and by whatever name it is asked for", async () => {
    const { source, daemon, transports } = await setUp({ images: { "app:1": app, "other:1": savedImage({ architecture: "amd64" }) } });
    const [first, second] = await Promise.all([source("app:1").then((one) => one.describe()), source("docker.io/library/app:1").then((one) => one.describe())]);
    await source("other:1").then((one) => one.describe());
    await transports.source(parseLocation("docker-daemon:app:1")).then((one) => one.resolve());
    expect(second).toEqual(first);
    expect(daemon.requests).toEqual(["GET /_ping", "GET /v1.47/images/app:1/get", "GET /v1.47/images/other:1/get"]);
    const again = await setUp({ images: { "app:1": app } });
    expect(await (await again.source("app:1")).describe()).toEqual(first);
  });

  it("lies in files that nobody else may read, one for each layer that was compressed, until the run ends", async () => {
    const { source, kept, work, transports } = await setUp({ images: { "app:1": app } });
    await (await source("app:1")).resolve();
    const names = await kept();
    expect(names).toHaveLength(3);
    for (const name of names) expect((await stat(join(work, name))).mode & 0o777).toBe(0o600);
    await transports.close();
    expect(await kept()).toEqual([]);
  });

  it("keeps layers that are gzip already as they are", async () => {
    const packed = new Uint8Array(gzipSync(layerOf("base")));
    const { source, kept } = await setUp({ images: { "app:1": savedImage({ layers: [packed], diffIds: [digestOf(layerOf("base"))] }) } });
    const image = await source("app:1");
    const [layer] = imageOf(await image.resolve()).layers;
    expect(layer).toEqual({ mediaType: mediaTypes.dockerLayerGzip, digest: digestOf(packed), size: packed.length });
    expect(layer && (await bytesOf(await image.blob(layer)))).toEqual(packed);
    expect(await kept()).toHaveLength(1);
  });

  it("has layers that are zstd compressed anew, for which docker's format has no type", async () => {
    const { source, host } = await setUp({ images: { "app:1": savedImage({ layers: [zstdFrame(layerOf("base"))], diffIds: [digestOf(layerOf("base"))] }) } });
    const image = await source("app:1");
    if (!host.compression.formats.includes("zstd")) return expect(image.resolve()).rejects.toMatchObject({ code: "UNSUPPORTED" });
    const [layer] = imageOf(await image.resolve()).layers;
    expect(layer?.mediaType).toBe(mediaTypes.dockerLayerGzip);
    expect(layer && digestOf(gunzipSync(await bytesOf(await image.blob(layer))))).toBe(digestOf(layerOf("base")));
  });

  it("may have no layers", async () => {
    const { source } = await setUp({ images: { "app:1": savedImage({ layers: [] }) } });
    expect(imageOf(await (await source("app:1")).resolve()).layers).toEqual([]);
  });

  it("is read from an archive that the daemon compresses", async () => {
    const { source } = await setUp({ images: { "app:1": new Uint8Array(gzipSync(app)) } });
    expect(imageOf(await (await source("app:1")).resolve()).layers).toHaveLength(3);
  });

  it("manifest() refuses another digest than the one that is there now", async () => {
    const { source } = await setUp({ images: { "app:1": app } });
    const other = { mediaType: mediaTypes.dockerManifest, digest: digestOf(layerOf("x")), size: 0 };
    await expect((await source("app:1")).manifest(other)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining('of "docker-daemon:app:1": what is there now has the digest sha256:'),
    });
  });

  it("place() is refused with the reason", async () => {
    const { transports, daemon } = await setUp();
    await expect(transports.place(parseLocation("docker-daemon:app:1"))).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/^Cannot write "docker-daemon:app:1": a docker daemon takes in single images and holds no index/),
    });
    expect(daemon.requests).toEqual([]);
  });
});

describe("a docker daemon", () => {
  const id = `sha256:${"0123456789abcdef".repeat(4)}`;

  it.each([
    ["app", "app:latest"],
    ["docker.io/me/app:1", "me/app:1"],
    ["localhost:5000/a/b:c", "localhost:5000/a/b:c"],
    [`app@${id}`, `app@${id}`],
    [id, id],
    ["[::1]:5000/a:1", "%5B::1%5D:5000/a:1"],
  ])("is asked for %s by the name it knows", async (image, path) => {
    const { source, daemon } = await setUp({ images: { [decodeURIComponent(path)]: app } });
    await (await source(image)).describe();
    expect(daemon.requests[1]).toBe(`GET /v1.47/images/${path}/get`);
  });

  it("is asked by the version it speaks, or by none where it names none that is one", async () => {
    const old = await setUp({ images: { "app:1": app }, version: undefined });
    await (await old.source("app:1")).describe();
    expect(old.daemon.requests).toEqual(["GET /_ping", "GET /images/app:1/get"]);
    const newer = await setUp({ images: { "app:1": app }, version: "1.99" });
    await (await newer.source("app:1")).describe();
    expect(newer.daemon.requests[1]).toBe("GET /v1.99/images/app:1/get");
    const odd = await setUp({ instead: ({ url }, response) => url === "/_ping" && response.setHeader("api-version", "1.47/../x").end() });
    await expect((await odd.source("app:1")).describe()).rejects.toMatchObject({ code: "REGISTRY" });
    expect(odd.daemon.requests[1]).toBe("GET /images/app:1/get");
  });

  it("is reached by tcp, and this machine by no proxy", async () => {
    const proxies = { HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1", ALL_PROXY: "http://127.0.0.1:1" };
    for (const isTcp of [true, false]) {
      const { source } = await setUp({ isTcp, images: { "app:1": app }, variables: proxies });
      expect(imageOf(await (await source("app:1")).resolve()).layers).toHaveLength(3);
    }
  });

  it("is reached by TLS with the certificates of DOCKER_CERT_PATH, and by nobody else", async () => {
    const serving = { isTcp: true, images: { "app:1": app }, identity: serverIdentity, clientAuthority: authority };
    const first = await setUp(serving);
    const write = (name: string, text: string) => writeFile(join(first.work, name), text);
    await write("ca.pem", authority);
    const reading = async (variables: Readonly<Record<string, string>>, verifyTls?: boolean) => {
      const { source } = await setUp({ ...serving, variables, ...(verifyTls !== undefined && { options: { verifyTls } }) });
      return await (await source("app:1")).describe();
    };
    const tls = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: first.work };
    await expect(reading(tls)).rejects.toMatchObject({ code: "NETWORK" });
    await write("cert.pem", clientIdentity.certificate);
    await write("key.pem", clientIdentity.key);
    const found = await reading(tls);
    expect(await reading({ DOCKER_CERT_PATH: first.work })).toEqual(found);
    await write("ca.pem", clientIdentity.certificate);
    await expect(reading(tls)).rejects.toMatchObject({ code: "NETWORK", message: expect.stringContaining("ca.pem in DOCKER_CERT_PATH says whom to trust") });
    expect(await reading(tls, false)).toEqual(found);
  });
});

describe("what a docker daemon should not send", () => {
  it.each([
    ["a layer that is not what the config says", savedImage({ layers: [layerOf("a")], diffIds: [digestOf(layerOf("b"))] }), "MISMATCH", "expected sha256:"],
    ["a name that leads out", rawTar({ name: "../x", content: "x" }), "INVALID", "docker-daemon:app:1"],
    ["an archive of something else", rawTar({ name: "a", content: "a" }), "INVALID", 'Cannot read "docker-daemon:app:1": the archive has no manifest.json'],
    ["half an archive", app.slice(0, 2000), "INVALID", "cut off"],
    ["nothing", new Uint8Array(), "NOT_FOUND", 'Cannot read "docker-daemon:app:1": the file is empty'],
  ])("is refused: %s; nothing of it stays", async (_, archive, code, message) => {
    const { source, kept, transports } = await setUp({ images: { "app:1": archive } });
    await expect((await source("app:1")).resolve()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    await transports.close();
    expect(await kept()).toEqual([]);
  });
});
