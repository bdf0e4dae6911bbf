import { describe, expect, test } from "bun:test";
import { type DockerHost, findDockerHost } from "../../src/core/settings/mod.ts";
import { type MemoryHostOptions, memoryHost } from "../../src/host/memory.ts";

interface Setting extends Pick<MemoryHostOptions, "files" | "variables" | "environment"> {
  readonly verifyTls?: boolean;
}

function find({ verifyTls, ...options }: Setting): Promise<DockerHost> {
  return findDockerHost(memoryHost(options), verifyTls);
}

const named = (DOCKER_HOST: string, more: Readonly<Record<string, string>> = {}) => find({ variables: { DOCKER_HOST, ...more } });
const pems = { "/certs/ca.pem": "ca", "/certs/cert.pem": "cert", "/certs/key.pem": "key" };

describe("findDockerHost()", () => {
  test("finds the socket that every docker has, and the one that is named", async () => {
    const usual = { name: "unix:///var/run/docker.sock", url: "http://localhost", socketPath: "/var/run/docker.sock" };
    expect(await find({})).toEqual(usual);
    expect(await named("unix://")).toEqual(usual);
    expect(await named("unix:///run/user/1000/docker.sock")).toMatchObject({ socketPath: "/run/user/1000/docker.sock" });
    expect(await named("unix:///a.sock", { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/none" })).toEqual({
      name: "unix:///a.sock",
      url: "http://localhost",
      socketPath: "/a.sock",
    });
  });

  test.each([
    ["tcp://10.0.0.1:1234", "10.0.0.1:1234"],
    ["tcp://docker", "docker:2375"],
    ["tcp://", "localhost:2375"],
    ["tcp://:80", "localhost:80"],
    ["tcp://[::1]:2375/", "[::1]:2375"],
    ["tcp://h:1/base/path/", "h:1/base/path"],
    ["docker:4243", "docker:4243"],
  ])("reads %s", async (text, place) => {
    expect(await named(text)).toEqual({ name: `tcp://${place}`, url: `http://${place}` });
  });

  test("speaks TLS where docker is told to, with the certificates of DOCKER_CERT_PATH", async () => {
    const variables = { DOCKER_HOST: "tcp://h", DOCKER_CERT_PATH: "/certs" };
    const expected = { name: "tcp://h:2376", url: "https://h:2376", tls: { authorities: ["ca"], certificate: "cert", key: "key" } };
    expect(await find({ variables, files: pems })).toEqual(expected);
    expect(await find({ variables: { ...variables, DOCKER_TLS_VERIFY: "1" }, files: pems })).toEqual(expected);
    expect(await find({ variables, files: pems, verifyTls: false })).toEqual({ ...expected, tls: { ...expected.tls, verify: false } });
    expect(await find({ variables, files: { "/certs/ca.pem": "ca" } })).toMatchObject({ tls: { authorities: ["ca"] } });
  });

  test("looks for certificates where docker keeps its settings, which need not be there", async () => {
    const variables = { DOCKER_HOST: "tcp://h:1", DOCKER_TLS_VERIFY: "1" };
    const files = { "/home/me/.docker/ca.pem": "mine", "/config/ca.pem": "configured" };
    const environment = { home: "/home/me" };
    expect((await find({ variables, files, environment })).tls).toEqual({ authorities: ["mine"] });
    expect((await find({ variables: { ...variables, DOCKER_CONFIG: "/config" }, files, environment })).tls).toEqual({ authorities: ["configured"] });
    expect((await find({ variables, environment })).tls).toEqual({});
    expect((await find({ variables: { DOCKER_HOST: "tcp://h:1", DOCKER_TLS: "1" } })).tls).toEqual({});
  });

  test("refuses certificates that cannot be used", async () => {
    const variables = { DOCKER_HOST: "tcp://h:1", DOCKER_CERT_PATH: "/certs" };
    await expect(find({ variables })).rejects.toMatchObject({ code: "INVALID", message: 'Cannot use DOCKER_CERT_PATH "/certs": no such directory' });
    await expect(find({ variables, files: { "/certs/cert.pem": "cert" } })).rejects.toMatchObject({
      code: "INVALID",
      message: 'Cannot use certificate directory "/certs": it has cert.pem, expected cert.pem and key.pem',
    });
  });

  test("refuses ssh and named pipes with what to do instead", async () => {
    await expect(named("ssh://me:CANARY@host")).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/^Cannot reach a docker daemon by "ssh:\/\/": .*forward the socket/),
    });
    for (const pipe of [named("npipe:////./pipe/docker_engine"), find({ environment: { os: "windows" } })])
      await expect(pipe).rejects.toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining("DOCKER_HOST=tcp://HOST:PORT") });
  });

  test.each([
    "fd://",
    "http://h:1",
    "constructor://x",
    "tcp://me:CANARY@h:1",
    "tcp://h:99999",
    "tcp://h:1?CANARY",
    "tcp://h:x",
    "tcp://[x]:1",
    "tcp://a b",
    "://x",
  ])("refuses %s, without showing it", async (text) => {
    await expect(named(text)).rejects.toMatchObject({
      code: "INVALID",
      message: "Cannot use the DOCKER_HOST that the environment names: expected unix:///PATH or tcp://HOST:PORT",
    });
  });
});
