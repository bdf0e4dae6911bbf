import { OciError, quote } from "../base/mod.ts";
import type { ContentPlace, ContentSource, Host } from "../port/mod.ts";
import { formatLocation, type Location } from "../spec/mod.ts";
import { openDirPlace } from "./dir/mod.ts";
import { openLayoutPlace } from "./oci/mod.ts";
import { createRegistryClient, openRegistryPlace, type RegistryOptions } from "./registry/mod.ts";

/** How locations are reached. */
export interface TransportOptions extends RegistryOptions {
  /** How many requests run at once. @default 8 */
  readonly concurrency?: number;
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
  const registries = createRegistryClient(host, options);
  const place = async (location: Location): Promise<ContentPlace> => {
    switch (location.transport) {
      case "docker":
        return openRegistryPlace(registries, location.reference);
      case "oci":
        return openLayoutPlace(host, { ...location, transport: "oci" });
      case "dir":
        return openDirPlace(host, location);
      default:
        throw new OciError("UNSUPPORTED", `Cannot open ${quote(formatLocation(location))}: ${location.transport}: is not supported yet, what works today is docker://, oci: and dir:`);
    }
  };
  return { place, source: async (location) => (await place(location)).source };
}
