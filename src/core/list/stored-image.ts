import { hasTransport, type Platform, parseLocation, type StorageLocation } from "../spec/mod.ts";
import type { ListContext } from "./context.ts";

/**
 * Returns where in the container storage an image lies that `name` means, or undefined where it means another place: a name without
 * transport is looked for there first. @throws {OciError} `NOT_FOUND` for what `containers-storage:` names, `INVALID`
 */
export async function locateStored({ transports }: ListContext, name: string, platforms: readonly Platform[] = []): Promise<StorageLocation | undefined> {
  if (!hasTransport(name)) return transports.storage.find(name, platforms);
  const location = parseLocation(name);
  return location.transport === "containers-storage" ? transports.storage.resolve(location) : undefined;
}
