import { OciError, quote, type Secrets } from "../base/mod.ts";
import { openArchives, openWorkFiles } from "../content/mod.ts";
import type { ContentPlace, ContentSource, Host, Report } from "../port/mod.ts";
import { openRegistries, type Registries, type RegistriesOptions } from "../settings/mod.ts";
import { formatLocation, type Location, type OtherLocation, type Reference } from "../spec/mod.ts";
import { openDirPlace } from "./dir/mod.ts";
import { openDockerArchives } from "./docker-archive/mod.ts";
import { openDockerDaemon } from "./docker-daemon/mod.ts";
import { openArchivePlace, openLayoutPlace } from "./oci/mod.ts";
import { createRegistryClient, openRegistryPlace, openRegistrySource, type RegistryClient } from "./registry/mod.ts";
import { registryOptions } from "./registry-options.ts";

/** How locations are reached. */
export interface TransportOptions extends RegistriesOptions {
  /** `user:password`. @default what the auth files say */
  readonly credentials?: string;
  /** Domains of the registries that {@linkcode credentials} are for, such as `ghcr.io`. @default every registry */
  readonly credentialDomains?: readonly string[];
  /** The only file to read credentials from. @default `$REGISTRY_AUTH_FILE`, else the files of podman and docker */
  readonly authFile?: string;
  /** Directory of certificates: `*.crt` to trust, `*.cert` with `*.key` to show. @default the registry's own in `certs.d` */
  readonly certificateDirectory?: string;
  /** Whether certificates must be valid; false also lets a registry speak plain http. @default what registries.conf says, else true */
  readonly verifyTls?: boolean;
  /** Directory that keeps manifests and configs from one run to the next; it may be deleted at any time. @default nothing is kept */
  readonly cacheDirectory?: string;
  /** Tries after the first. @default 3 */
  readonly retries?: number;
  /** Milliseconds to wait before each further try. @default up to 500, doubled with every try and at most 30 s, by chance */
  readonly retryDelay?: number;
  /** Value of `User-Agent`. @default "ocidex" */
  readonly userAgent?: string;
  /** Is told of warnings and retries. */
  readonly report?: Report;
  /** Takes what is sent and must not be shown. @default a set of its own */
  readonly secrets?: Secrets;
  /** Ends credential helpers that run. */
  readonly signal?: AbortSignal;
}

/** Where images live, by location. One value is one run: registries are asked for a token once, and nothing is read twice. */
export interface Transports {
  /**
   * Returns what a location holds, for reading: of a registry, through its mirrors. Nothing is read yet but settings.
   * @throws {OciError} `UNSUPPORTED` for a transport that cannot be read, `INVALID` for settings
   */
  source(location: Location): Promise<ContentSource>;
  /**
   * Returns a location for reading and writing: of a registry, itself and no mirror.
   * @throws {OciError} `UNSUPPORTED` for a transport that cannot be written, `DENIED` for a blocked registry, `INVALID` for settings
   */
  place(location: Location): Promise<ContentPlace>;
  /** Ends the run: removes what it wrote for itself alone, of a compressed archive or of an image of a daemon. */
  close(): Promise<void>;
  /** What the user has settled for registries and short names. */
  readonly registries: Registries;
}

const working = "docker://, oci:, oci-archive:, docker-archive:, docker-daemon: and dir:";

/** Why a transport cannot be opened. */
const refusals: Readonly<Record<OtherLocation["transport"], string>> = {
  "containers-storage": "containers-storage: is not supported yet",
  tarball: "tarball: makes a new image of a root file system, which buildah does and which is no image yet",
};

/** Returns the places that `host` can reach. */
export function openTransports(host: Host, options: TransportOptions = {}): Transports {
  const registries = openRegistries(host, options);
  const client = createRegistryClient(host, registryOptions(host, options, registries));
  const work = openWorkFiles(host);
  const archives = openArchives(host, work);
  const dockerArchives = openDockerArchives(host, archives);
  const openDaemon = openDockerDaemon(host, { ...options, work, openSaved: dockerArchives.image });
  const place = async (location: Location): Promise<ContentPlace> => {
    switch (location.transport) {
      case "docker":
        return await openPlace(client, registries, location.reference);
      case "oci":
        return openLayoutPlace(host, location);
      case "oci-archive":
        return openArchivePlace(host, archives, location);
      case "docker-archive":
        return dockerArchives.place(location);
      case "docker-daemon":
        throw new OciError(
          "UNSUPPORTED",
          `Cannot write ${quote(formatLocation(location))}: a docker daemon takes in single images and holds no index, expected a registry that docker pulls from`,
        );
      case "dir":
        return openDirPlace(host, location);
      default:
        throw new OciError("UNSUPPORTED", `Cannot open ${quote(formatLocation(location))}: ${refusals[location.transport]}, what works is ${working}`);
    }
  };
  const source = async (location: Location): Promise<ContentSource> => {
    if (location.transport === "docker-daemon") return openDaemon(location);
    if (location.transport !== "docker") return (await place(location)).source;
    const { reference } = location;
    return openRegistrySource(client, reference, await registries.reading(reference));
  };
  return { place, source, registries, close: () => work.close() };
}

async function openPlace(client: RegistryClient, registries: Registries, reference: Reference): Promise<ContentPlace> {
  const { refusal, ...endpoint } = await registries.writing(reference);
  if (refusal) throw refusal;
  return openRegistryPlace(client, reference, endpoint);
}
