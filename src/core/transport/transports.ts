import { readCredentials } from "../auth/mod.ts";
import { OciError, quote, type Secrets } from "../base/mod.ts";
import { openArchives, openCache } from "../content/mod.ts";
import type { ContentPlace, ContentSource, Host, Report, TlsOptions } from "../port/mod.ts";
import { readCertificates, readProxies } from "../settings/mod.ts";
import { formatLocation, type Location, type OtherLocation } from "../spec/mod.ts";
import { openDirPlace } from "./dir/mod.ts";
import { openDockerArchives } from "./docker-archive/mod.ts";
import { openArchivePlace, openLayoutPlace } from "./oci/mod.ts";
import { createRegistryClient, openRegistryPlace, type RegistryClientOptions } from "./registry/mod.ts";

/** How locations are reached. */
export interface TransportOptions {
  /** `user:password`. @default what the auth files say */
  readonly credentials?: string;
  /** Domains of the registries that {@linkcode credentials} are for, such as `ghcr.io`. @default every registry */
  readonly credentialDomains?: readonly string[];
  /** The only file to read credentials from. @default `$REGISTRY_AUTH_FILE`, else the files of podman and docker */
  readonly authFile?: string;
  /** Directory of certificates: `*.crt` to trust, `*.cert` with `*.key` to show. @default none */
  readonly certificateDirectory?: string;
  /** Whether certificates must be valid; false also lets a registry speak plain http. @default true */
  readonly verifyTls?: boolean;
  /** Directory that keeps manifests and configs from one run to the next; it may be deleted at any time. @default nothing is kept */
  readonly cacheDirectory?: string;
  /** Tries after the first. @default 3 */
  readonly retries?: number;
  /** Upper bound of the first wait in milliseconds. @default 500 */
  readonly retryDelay?: number;
  /** Value of `User-Agent`. @default "ocidex" */
  readonly userAgent?: string;
  /** How many requests run at once. @default 8 */
  readonly concurrency?: number;
  /** Is told of warnings and retries. */
  readonly report?: Report;
  /** Takes what is sent and must not be shown. @default a set of its own */
  readonly secrets?: Secrets;
}

/** Where images live, by location. One value is one run: registries are asked for a token once, and nothing is read twice. */
export interface Transports {
  /** Returns what a location holds, for reading. Nothing is read yet. @throws {OciError} `UNSUPPORTED` for a transport that cannot be read */
  source(location: Location): Promise<ContentSource>;
  /** Returns a location for reading and writing. @throws {OciError} `UNSUPPORTED` for a transport that cannot be written */
  place(location: Location): Promise<ContentPlace>;
  /** Ends the run: removes what compressed archives were unpacked to. Nothing is to be done where none was read. */
  close(): Promise<void>;
}

const working = "docker://, oci:, oci-archive:, docker-archive: and dir:";

/** Why a transport cannot be opened. */
const refusals: Readonly<Record<OtherLocation["transport"], string>> = {
  "containers-storage": "containers-storage: is not supported yet",
  "docker-daemon": "docker-daemon: is not supported yet",
  tarball: "tarball: makes a new image of a root file system, which buildah does and which is no image yet",
};

/** Returns the places that `host` can reach. */
export function openTransports(host: Host, options: TransportOptions = {}): Transports {
  const registries = createRegistryClient(host, registryOptions(host, options));
  const archives = openArchives(host);
  const openDockerArchive = openDockerArchives(host, archives);
  const place = async (location: Location): Promise<ContentPlace> => {
    switch (location.transport) {
      case "docker":
        return openRegistryPlace(registries, location.reference);
      case "oci":
        return openLayoutPlace(host, location);
      case "oci-archive":
        return openArchivePlace(host, archives, location);
      case "docker-archive":
        return openDockerArchive(location);
      case "dir":
        return openDirPlace(host, location);
      default:
        throw new OciError("UNSUPPORTED", `Cannot open ${quote(formatLocation(location))}: ${refusals[location.transport]}, what works is ${working}`);
    }
  };
  return { place, source: async (location) => (await place(location)).source, close: () => archives.close() };
}

function registryOptions(host: Host, options: TransportOptions): RegistryClientOptions {
  const { credentials, credentialDomains: domains, authFile, certificateDirectory, cacheDirectory, concurrency: _, ...rest } = options;
  let certificates: Promise<TlsOptions> | undefined;
  const tlsFor = (directory: string) => () => {
    certificates ??= readCertificates(host.files, directory);
    return certificates;
  };
  return {
    ...rest,
    credentials: readCredentials(host, {
      ...(credentials !== undefined && { creds: credentials }),
      ...(domains !== undefined && { domains }),
      ...(authFile !== undefined && { authFile }),
    }),
    ...(certificateDirectory !== undefined && { tlsFor: tlsFor(certificateDirectory) }),
    ...(cacheDirectory !== undefined && { cache: openCache(host, cacheDirectory) }),
    proxyFor: readProxies(host.environment),
  };
}
