import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Bytes, readAll } from "../../../src/core/base/mod.ts";
import type { ContentSource, Host } from "../../../src/core/port/mod.ts";
import { type ImageManifest, type ManifestDocument, parseLocation } from "../../../src/core/spec/mod.ts";
import { openTransports, type TransportOptions, type Transports } from "../../../src/core/transport/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { type DaemonOptions, startDaemon, type TestDaemon } from "../../helper/docker-daemon.ts";
import { temporaryDirectory } from "../../helper/temporary.ts";

/** A daemon and who reads from it. */
export interface Setting {
  readonly daemon: TestDaemon;
  readonly host: Host;
  readonly transports: Transports;
  /** Opens an image. */
  source(image: string): Promise<ContentSource>;
  /** Returns the names of the files that are kept for the run. */
  kept(): Promise<readonly string[]>;
  /** Where those are. */
  readonly work: string;
}

/** How a {@linkcode Setting} differs from the usual one. */
export interface SettingOptions extends DaemonOptions {
  /** Further variables. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Parts of the host to replace. */
  readonly host?: Partial<Host>;
  /** How transports are opened. */
  readonly options?: TransportOptions;
  /** Listens on a port. @default false, on a socket */
  readonly isTcp?: boolean;
}

const ends: (() => Promise<void>)[] = [];

/** Starts a daemon on a socket, and opens transports that find it. */
export async function setUp(options: SettingOptions = {}): Promise<Setting> {
  const { directory, close } = await temporaryDirectory();
  const work = join(directory, "work");
  const daemon = await startDaemon({ ...options, ...(options.isTcp !== true && { socketPath: join(directory, "docker.sock") }) });
  const variables: Readonly<Record<string, string | undefined>> = { TMPDIR: work, DOCKER_HOST: daemon.dockerHost, ...options.variables };
  const real = await currentHost();
  const environment = { ...real.environment, home: directory, get: (name: string) => variables[name] };
  const host: Host = { ...real, environment, ...options.host };
  await host.files.makeDirectory(work);
  const transports = openTransports(host, options.options);
  ends.push(async () => {
    await transports.close();
    await daemon.close();
    await close();
  });
  return { daemon, host, transports, work, source: (image) => transports.source(parseLocation(`docker-daemon:${image}`)), kept: () => readdir(work) };
}

/** Stops what was started. */
export async function tearDown(): Promise<void> {
  await Promise.all(ends.splice(0).map((end) => end()));
}

/** Returns the manifest of an image. */
export function imageOf({ value }: ManifestDocument): ImageManifest {
  if ("layers" in value) return value;
  throw new Error("it is no image");
}

/** Returns everything in a stream. */
export async function bytesOf(stream: ReadableStream<Bytes>): Promise<Bytes> {
  return readAll(stream, { limit: 1 << 26, what: "a test's stream" });
}
