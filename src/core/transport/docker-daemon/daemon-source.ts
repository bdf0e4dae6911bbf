import { quote } from "../../base/mod.ts";
import { createHttpClient, type HttpClient, type HttpClientOptions } from "../../http/mod.ts";
import type { ContentOptions, ContentSource, Host } from "../../port/mod.ts";
import { findDockerHost, readProxies } from "../../settings/mod.ts";
import { type DockerDaemonLocation, formatDaemon, formatLocation } from "../../spec/mod.ts";
import { type Engine, explainEngine, openEngine } from "./engine.ts";
import { type GzipTools, gzipSource } from "./gzip-source.ts";

/** How a daemon is read. */
export interface DaemonOptions extends Pick<HttpClientOptions, "userAgent" | "report" | "secrets">, Pick<GzipTools, "work"> {
  /** Whether the certificate of a daemon must be valid. @default true */
  readonly verifyTls?: boolean;
  /** Returns the one image of the archive in a file, which `docker save` has written; `name` is what it is called in messages. */
  readonly openSaved: (path: string, name: string) => ContentSource;
}

/** Opens images of the docker daemon; each is saved once a run. */
export type OpenDockerDaemon = (location: DockerDaemonLocation) => ContentSource;

/**
 * Returns what opens images of the daemon that the environment names. An image is taken to a work file as a whole, since nothing
 * else can be asked for, and its layers are compressed by gzip, as tools do that push it to a registry.
 */
export function openDockerDaemon(host: Host, options: DaemonOptions): OpenDockerDaemon {
  const { work, openSaved, verifyTls } = options;
  const client = createClient(host, options);
  const known = new Map<string, ContentSource>();
  let engine: Promise<Engine> | undefined;
  const take = async (location: DockerDaemonLocation, { signal }: ContentOptions): Promise<ContentSource> => {
    const name = formatLocation(location);
    const ending = signal ? { signal } : {};
    engine ??= findDockerHost(host, verifyTls).then((found) => openEngine(client, found));
    const { save } = await engine;
    try {
      return openSaved(await work.write(() => save({ image: formatDaemon(location), what: quote(name), ...ending }), ending), name);
    } catch (error) {
      throw explainEngine(quote(name), error);
    }
  };
  return (location) => {
    const name = formatLocation(location);
    const source = known.get(name) ?? gzipSource({ ...host, work }, { name, open: (ending) => take(location, ending) });
    known.set(name, source);
    return source;
  };
}

function createClient(host: Host, { userAgent, report, secrets }: DaemonOptions): HttpClient {
  return createHttpClient(host, {
    retries: 0,
    proxyFor: readProxies(host.environment),
    ...(userAgent !== undefined && { userAgent }),
    ...(report && { report }),
    ...(secrets && { secrets }),
  });
}
