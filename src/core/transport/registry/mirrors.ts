import { isOciError, NetworkError, OciError, RegistryError } from "../../base/mod.ts";
import { isTransientStatus } from "../../http/mod.ts";
import type { ContentOptions, ContentSource } from "../../port/mod.ts";
import type { Endpoint } from "../../settings/mod.ts";
import { formatReference, type Reference } from "../../spec/mod.ts";
import { openAccess } from "./access.ts";
import type { RegistryClient } from "./client.ts";
import { apiHost } from "./connection.ts";
import { openSource } from "./source.ts";

/** One way, opened. */
interface Opened {
  readonly endpoint: Endpoint;
  readonly source: ContentSource;
}

/**
 * Returns what `reference` names, read by the first of `endpoints` that has it: mirrors, then the registry itself. What fails
 * at one for whatever reason is asked of the next, and what it answers is verified like every answer. Where there is only one
 * way, nothing is asked that would not be asked without settings. @throws {OciError} what the last way failed with, and before that the others
 */
export function openRegistrySource(client: RegistryClient, reference: Reference, endpoints: readonly Endpoint[]): ContentSource {
  const opened = endpoints.map((endpoint, at): Opened => {
    const access = openAccess(client, { ...endpoint, isOneOfSeveral: at < endpoints.length - 1 }, ["pull"]);
    return { endpoint, source: openSource(access) };
  });
  const attempt = createAttempt(client, opened);
  const { repository } = opened.at(-1)?.source ?? {};
  const isReadable = endpoints.at(-1)?.refusal === undefined;
  return {
    name: `docker://${formatReference(reference)}`,
    ...(repository && isReadable && { repository: opened.length > 1 ? { ...repository, isMirrored: true } : repository }),
    resolve: (options) => attempt((source) => source.resolve(options), options),
    describe: (options) => attempt((source) => source.describe(options), options),
    manifest: (descriptor, options) => attempt((source) => source.manifest(descriptor, options), options),
    smallBlob: (descriptor, options) => attempt((source) => source.smallBlob(descriptor, options), options),
    blob: (descriptor, options) => attempt((source) => source.blob(descriptor, options), options),
    // A mirror that has an image need not have what refers to it: only the registry itself knows.
    async referrers(subject, options) {
      const last = opened.at(-1);
      if (last?.endpoint.refusal) throw last.endpoint.refusal;
      return (await last?.source.referrers?.(subject, options)) ?? [];
    },
  };
}

type Attempt = <T>(ask: (source: ContentSource) => Promise<T>, options?: ContentOptions) => Promise<T>;

/** The way that answered last is the first to be asked again: an image is seldom in two places. */
function createAttempt(client: RegistryClient, opened: readonly Opened[]): Attempt {
  let first = 0;
  return async (ask, options) => {
    const failures: unknown[] = [];
    for (const [at, { endpoint, source }] of opened.entries()) {
      const isLast = at === opened.length - 1;
      const host = apiHost(endpoint.reference.domain);
      if (!isLast && (at < first || client.memory.unreachable.has(host))) continue;
      try {
        if (endpoint.refusal) throw endpoint.refusal;
        const answer = await ask(source);
        first = at;
        return answer;
      } catch (error) {
        options?.signal?.throwIfAborted();
        if (!isLast && isAway(error)) client.memory.unreachable.add(host);
        failures.push(error);
      }
    }
    throw together(failures);
  };
}

/** Tells whether a host that failed this way is better left alone for the rest of the run. */
function isAway(error: unknown): boolean {
  return isOciError(error, "NETWORK") || (error instanceof RegistryError && isTransientStatus(error.answer.status));
}

/** Returns the last failure, that of the registry itself, with the words of the others behind its own. */
function together(failures: readonly unknown[]): unknown {
  const last = failures.at(-1);
  const before = failures.slice(0, -1).map((error) => (error instanceof Error ? error.message : String(error)));
  if (before.length === 0 || !isOciError(last)) return last;
  const message = `${last.message}; its mirrors failed before: ${before.join("; ")}`;
  if (last instanceof RegistryError) return new RegistryError(message, last.answer, { cause: last });
  if (last instanceof NetworkError) return new NetworkError(message, last.reason, { cause: last });
  return new OciError(last.code, message, { cause: last });
}
