import { isOciError, OciError, quote } from "../base/mod.ts";
import type { TlsOptions } from "../port/mod.ts";
import { readDockerCertificates } from "./certificates.ts";
import type { SettingsHost } from "./places.ts";

/** Where a docker daemon listens, and how it is spoken to. */
export interface DockerHost {
  /** The place in words, for messages: `unix:///var/run/docker.sock`, `tcp://host:2376`. */
  readonly name: string;
  /** What the paths of its API follow. */
  readonly url: string;
  /** Unix socket it listens on. */
  readonly socketPath?: string;
  /** Trust, where TLS is spoken. */
  readonly tls?: TlsOptions;
}

const defaultSocket = "/var/run/docker.sock";
const defaultPipe = "npipe:////./pipe/docker_engine";

/** Why a way to a daemon that docker knows is not gone here. */
const refusals: Readonly<Record<string, string | undefined>> = {
  ssh: "ssh starts a program at the other end, forward the socket instead (ssh -N -L /tmp/docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST=unix:///tmp/docker.sock",
  npipe: "a named pipe of Windows cannot be opened here, let the daemon listen on tcp and set DOCKER_HOST=tcp://HOST:PORT",
};

/**
 * Returns the daemon that `DOCKER_HOST` names, else the one on the socket that every docker has. A tcp connection is one of TLS
 * where `DOCKER_TLS_VERIFY`, `DOCKER_TLS` or `DOCKER_CERT_PATH` is set, and its certificate must be valid unless `verifyTls` is false.
 * @throws {OciError} `UNSUPPORTED` for ssh and named pipes, `INVALID` for what is no place and for certificates that cannot be used
 */
export async function findDockerHost(host: SettingsHost, verifyTls = true): Promise<DockerHost> {
  const { environment } = host;
  const text = environment.get("DOCKER_HOST") ?? (environment.os === "windows" ? defaultPipe : `unix://${defaultSocket}`);
  const [, scheme = "tcp", rest = ""] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text) ?? [];
  if (scheme === "unix") {
    const socketPath = rest === "" ? defaultSocket : rest;
    return { name: `unix://${socketPath}`, url: "http://localhost", socketPath };
  }
  const refusal = Object.hasOwn(refusals, scheme) ? refusals[scheme] : undefined;
  if (refusal !== undefined) throw new OciError("UNSUPPORTED", `Cannot reach a docker daemon by ${quote(`${scheme}://`)}: ${refusal}`);
  if (scheme !== "tcp") throw noPlace();
  const isSecure = ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"].some((name) => environment.get(name) !== undefined);
  const place = parseTcp(rest, isSecure ? 2376 : 2375);
  return {
    name: `tcp://${place}`,
    url: `${isSecure ? "https" : "http"}://${place}`,
    ...(isSecure && { tls: { ...(await certificatesOf(host)), ...(!verifyTls && { verify: false }) } }),
  };
}

/** What was written may hold a password. */
function noPlace(): OciError {
  return new OciError("INVALID", "Cannot use the DOCKER_HOST that the environment names: expected unix:///PATH or tcp://HOST:PORT");
}

/** Returns `host:port`, with the path that the API has there, if any. */
function parseTcp(rest: string, defaultPort: number): string {
  const [, host, port = defaultPort, path = ""] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::(\d{1,5}))?(\/[A-Za-z0-9._~/-]*)?$/.exec(rest) ?? [];
  const place = `${host || "localhost"}:${port}${path.replace(/(?<!\/)\/+$/, "")}`;
  if (host === undefined || !URL.canParse(`http://${place}`)) throw noPlace();
  return place;
}

/** A directory that nobody named may be absent. */
async function certificatesOf(host: SettingsHost): Promise<TlsOptions> {
  const named = host.environment.get("DOCKER_CERT_PATH");
  const directory = named ?? dockerDirectory(host);
  if (directory === undefined) return {};
  try {
    return await readDockerCertificates(host.files, directory);
  } catch (cause) {
    if (!isOciError(cause, "NOT_FOUND")) throw cause;
    if (named === undefined) return {};
    throw new OciError("INVALID", `Cannot use DOCKER_CERT_PATH ${quote(named)}: no such directory`, { cause });
  }
}

function dockerDirectory({ files, environment }: SettingsHost): string | undefined {
  return environment.get("DOCKER_CONFIG") ?? (environment.home === undefined ? undefined : files.join(environment.home, ".docker"));
}
