import type { FileSystem } from "../port/mod.ts";
import { type Descriptor, formatLocation, type Location, withDigest } from "../spec/mod.ts";

/** Returns where an entry found at `location` lies, by its digest where the transport has names for that. */
export function pinLocation(files: FileSystem, location: Location, entry: Descriptor): string {
  switch (location.transport) {
    case "docker":
      return formatLocation({ ...location, reference: withDigest(location.reference, entry.digest) });
    case "oci":
    case "oci-archive":
      return formatLocation({ transport: location.transport, path: files.absolute(location.path) });
    case "docker-archive":
      return formatLocation({ transport: location.transport, path: files.absolute(location.path) });
    case "dir":
      return formatLocation({ ...location, path: files.absolute(location.path) });
    default:
      return formatLocation(location);
  }
}
