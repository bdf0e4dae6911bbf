import { readCredentials } from "../auth/mod.ts";
import { OciError, quote, type Secrets } from "../base/mod.ts";
import { openCache } from "../content/mod.ts";
import type { ContentPlace, ContentSource, Host, Report, TlsOptions } from "../port/mod.ts";
import { readCertificates, readProxies } from "../settings/mod.ts";
import { formatLocation, type Location } from "../spec/mod.ts";
import { openDirPlace } from "./dir/mod.ts";
import { openLayoutPlace } from "./oci/mod.ts";
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
}

/** Returns the places that `host` can reach. */
export function openTransports(host: Host, options: TransportOptions = {}): Transports {
  const registries = createRegistryClient(host, registryOptions(host, options));
  const place = async (location: Location): Promise<ContentPlace> => {
    switch (location.transport) {
      case "docker":
        return openRegistryPlace(registries, location.reference);
      case "oci":
        return openLayoutPlace(host, { ...location, transport: "oci" });
      case "dir":
        return openDirPlace(host, location);
      default:
        throw new OciError(
          "UNSUPPORTED",
          `Cannot open ${quote(formatLocation(location))}: ${location.transport}: is not supported yet, what works today is docker://, oci: and dir:`,
        );
    }
  };
  return { place, source: async (location) => (await place(location)).source };
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
