import { isOciError, RegistryError } from "../base/mod.ts";

/**
 * Tells whether `error` says that what `list` names is not there. Of a registry only the registry can say that: an auth file
 * or a certificate directory that is not there is something else.
 */
export function isMissing(error: unknown, list: string): boolean {
  return isOciError(error, "NOT_FOUND") && (!list.startsWith("docker:") || error instanceof RegistryError);
}
