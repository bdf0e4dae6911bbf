import { type ByteStream, NetworkError, type NetworkReason, OciError, quote } from "../../base/mod.ts";
import { type HttpClient, type HttpResponse, readErrorBody } from "../../http/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import type { DockerHost } from "../../settings/mod.ts";

/** Which image to save. */
export interface Saving extends ContentOptions {
  /** Its name as docker writes it, or its ID. */
  readonly image: string;
  /** It in words, for messages, in quotes. */
  readonly what: string;
}

/** The part of the Engine API that gives images out. */
export interface Engine {
  /** Returns an image as `docker save` writes it. @throws {OciError} `NOT_FOUND`, `REGISTRY`, `NETWORK` */
  save(saving: Saving): Promise<ByteStream>;
}

/** Docker writes an image to its own disk before it sends the first byte of it. */
const longestSilence = 10 * 60_000;

/**
 * Returns the daemon at `host`. It is asked for the version of the API that is its own: the path without a version is deprecated, and
 * every version that could be written here will be refused one day (docker 29 takes none before 1.44), while this call never changed.
 */
export function openEngine(client: HttpClient, { name, url, ...way }: DockerHost): Engine {
  const daemon = `the docker daemon at ${quote(name)}`;
  let prefix: Promise<string> | undefined;
  const findPrefix = async ({ signal }: ContentOptions): Promise<string> => {
    const response = await client.request({ method: "GET", url: `${url}/_ping`, ...way, ...(signal && { signal }) });
    await response.discard();
    const version = response.headers.get("api-version") ?? "";
    return /^\d{1,4}\.\d{1,4}$/.test(version) ? `/v${version}` : "";
  };
  return {
    async save({ image, what, signal }) {
      prefix ??= findPrefix(signal ? { signal } : {});
      prefix.catch(() => (prefix = undefined));
      const response = await client.request({
        method: "GET",
        url: `${url}${await prefix}/images/${encodeURI(image)}/get`,
        ...way,
        idleTimeout: longestSilence,
        ...(signal && { signal }),
      });
      await requireArchive(response, `Cannot read ${what}: ${daemon}`);
      return response.body;
    },
  };
}

async function requireArchive(response: HttpResponse, begin: string): Promise<void> {
  const { status, headers } = response;
  const type = headers.get("content-type") ?? "";
  if (status === 200 && !/^(?:text\/|application\/json\b)/i.test(type)) return;
  const { text } = await readErrorBody(response);
  await response.discard();
  const said = text === "" ? "" : `: ${text}`;
  if (status === 200) throw new OciError("REGISTRY", `${begin} sent ${quote(type)}, expected an archive${said}`);
  if (status === 404) throw new OciError("NOT_FOUND", `${begin} does not have it${said}`);
  throw new OciError(status === 401 || status === 403 ? "DENIED" : "REGISTRY", `${begin} answered ${status}${said}`);
}

/** What to do where a daemon is not reached. */
const advice: Readonly<Partial<Record<NetworkReason, string>>> = {
  refused: "start docker, or set DOCKER_HOST to where it listens",
  name: "set DOCKER_HOST to where docker listens",
  forbidden: "join the group that may use it, or set DOCKER_HOST to a daemon of your own",
  "tls-handshake": "DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say whether TLS is spoken, and who you are",
  "tls-certificate": "ca.pem in DOCKER_CERT_PATH says whom to trust",
};

/** Returns the failure to read the image `what` with what to do about it; one that is no failure of the connection stays what it is. */
export function explainEngine(what: string, error: unknown): unknown {
  if (!(error instanceof NetworkError)) return error;
  const hint = advice[error.reason];
  return new NetworkError(`Cannot read ${what}: ${error.message}${hint === undefined ? "" : `; ${hint}`}`, error.reason, { cause: error });
}
