import { OciError, quote, type Secrets } from "../base/mod.ts";
import { openArchives, openCache, openWorkFiles, writeBehind } from "../content/mod.ts";
import type { ContentPlace, ContentSource, Host, Report } from "../port/mod.ts";
import { openRegistries, type Registries, type RegistriesOptions } from "../settings/mod.ts";
import { formatLocation, type Location, type OtherLocation, type Reference, type StorageLocation } from "../spec/mod.ts";
import { type ContainersStorage, openContainersStorage, type StorageOptions } from "./containers-storage/mod.ts";
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
  /** Container storage that names are looked for in, and `containers-storage:` reads. @default the user's own */
  readonly storage?: StorageOptions;
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
  /** Ends the run: removes what it wrote for itself alone, of a compressed archive, of an image of a daemon or of container storage; waits until what later runs may know is kept. */
  close(): Promise<void>;
  /** The container storage, for names without transport and for lists of buildah. */
  readonly storage: Pick<ContainersStorage, "find" | "resolve" | "list">;
  /** What the user has settled for registries and short names. */
  readonly registries: Registries;
}

const working = "docker://, oci:, oci-archive:, docker-archive:, docker-daemon:, dir: and containers-storage:";

/** Why a transport cannot be opened. */
const refusals: Readonly<Record<OtherLocation["transport"], string>> = {
  tarball: "tarball: makes a new image of a root file system, which buildah does and which is no image yet",
};

/** Returns the places that `host` can reach. */
export function openTransports(host: Host, options: TransportOptions = {}): Transports {
  const registries = openRegistries(host, options);
  const cache = options.cacheDirectory === undefined ? undefined : writeBehind(openCache(host, options.cacheDirectory));
  const client = createRegistryClient(host, registryOptions(host, options, { registries, cache }));
  const work = openWorkFiles(host);
  const archives = openArchives(host, work);
  const dockerArchives = openDockerArchives(host, archives);
  const openDaemon = openDockerDaemon(host, { ...options, work, openSaved: dockerArchives.image });
  const storage = openContainersStorage(host, {
    storage: options.storage,
    report: options.report,
    work,
    localNames: (name) => registries.localNames(name),
    openDirectory: async (path) => (await openDirPlace(host, { transport: "dir", path })).source,
  });
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
      case "containers-storage":
        throw notWritten(location);
      default:
        throw new OciError("UNSUPPORTED", `Cannot open ${quote(formatLocation(location))}: ${refusals[location.transport]}, what works is ${working}`);
    }
  };
  const source = async (location: Location): Promise<ContentSource> => {
    if (location.transport === "docker-daemon") return openDaemon(location);
    if (location.transport === "containers-storage") return storage.source(location);
    if (location.transport !== "docker") return (await place(location)).source;
    const { reference } = location;
    return openRegistrySource(client, reference, await registries.reading(reference));
  };
  const close = async (): Promise<void> => {
    try {
      await storage.settle();
      await work.close();
    } finally {
      await cache?.settle();
    }
  };
  return { place, source, registries, storage, close };
}

/** Only the programs that own it know how to write it, and what they would make of a list of other places' images. */
function notWritten(location: StorageLocation): OciError {
  return new OciError(
    "UNSUPPORTED",
    `Cannot write ${quote(formatLocation(location))}: images are read from container storage, and written there by podman and buildah only, expected a registry, oci: or oci-archive: for podman to pull from`,
  );
}

async function openPlace(client: RegistryClient, registries: Registries, reference: Reference): Promise<ContentPlace> {
  const { refusal, ...endpoint } = await registries.writing(reference);
  if (refusal) throw refusal;
  return openRegistryPlace(client, reference, endpoint);
}
