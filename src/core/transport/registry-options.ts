import { readCredentials } from "../auth/mod.ts";
import type { Cache } from "../content/mod.ts";
import type { Host, TlsOptions } from "../port/mod.ts";
import { findCertificates, type Registries, readCertificates, readProxies } from "../settings/mod.ts";
import type { RegistryClientOptions } from "./registry/mod.ts";
import type { TransportOptions } from "./transports.ts";

/** What the run has open anyway. */
interface Shared {
  readonly registries: Registries;
  readonly cache?: Cache | undefined;
}

/** Returns what a client of registries is told of how the user reaches them: credentials, certificates, proxies, the cache. */
export function registryOptions(host: Host, options: TransportOptions, { registries, cache }: Shared): RegistryClientOptions {
  const { credentials, credentialDomains: domains, authFile, certificateDirectory, cacheDirectory: _, signal, ...rest } = options;
  return {
    ...rest,
    credentials: readCredentials(host, {
      ...(credentials !== undefined && { creds: credentials }),
      ...(domains !== undefined && { domains }),
      ...(authFile !== undefined && { authFile }),
      keepers: registries.credentialKeepers,
      ...(signal && { signal }),
    }),
    tlsFor: certificateDirectory === undefined ? ownCertificates(host) : givenCertificates(host, certificateDirectory),
    ...(cache && { cache }),
    proxyFor: readProxies(host.environment),
  };
}

type TlsFor = NonNullable<RegistryClientOptions["tlsFor"]>;

/** What was typed is for whom the user named: nobody else is told who that is. */
function givenCertificates(host: Host, directory: string): TlsFor {
  let given: Promise<TlsOptions> | undefined;
  return async (_name, isElsewhere) => {
    const { certificate, key, ...trust } = await (given ??= readCertificates(host.files, directory));
    return { ...trust, ...(!isElsewhere && certificate !== undefined && key !== undefined && { certificate, key }) };
  };
}

function ownCertificates(host: Host): TlsFor {
  const known = new Map<string, Promise<TlsOptions>>();
  return async (apiHost) => {
    const name = apiHost === "registry-1.docker.io" ? "docker.io" : apiHost;
    const own = known.get(name) ?? findCertificates(host, name);
    known.set(name, own);
    return await own;
  };
}
