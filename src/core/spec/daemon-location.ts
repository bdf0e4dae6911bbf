import type { OciError } from "../base/mod.ts";
import { type Digest, digestAlgorithm, tryParseDigest } from "./digest.ts";
import { formatFamiliar, parseReference, type Reference, withDefaultTag } from "./reference.ts";

/** In a docker daemon: `docker-daemon:NAME[:tag]`, `docker-daemon:NAME@digest` or `docker-daemon:sha256:ID`. */
export interface DockerDaemonLocation {
  readonly transport: "docker-daemon";
  /** Name of the image with a tag or a digest, or its ID, which is the digest of its config. */
  readonly image: Reference | Digest;
}

const idGrammar = "expected sha256: and 64 lower-case hexadecimal digits for the ID of an image";

/**
 * Returns the image of a daemon that `rest` names, which stands behind the transport. Where docker saves images, a name without
 * a tag means all its tags; here it means `latest`, as everywhere else. @throws {OciError} `INVALID`
 */
export function parseDaemon(rest: string, wrong: (seen: string) => OciError): DockerDaemonLocation {
  const transport = "docker-daemon";
  const digest = tryParseDigest(rest);
  const algorithm = digest && digestAlgorithm(digest);
  if (digest !== undefined && algorithm === "sha256") return { transport, image: digest };
  if (algorithm !== undefined || /^[0-9a-f]{64}$/.test(rest)) throw wrong(idGrammar);
  const image = withDefaultTag(parseReference(rest));
  if (image.domain === "docker.io" && image.repository === "library/sha256") throw wrong(idGrammar);
  if (image.tag !== undefined && image.digest !== undefined) throw wrong("a daemon takes a tag or a digest, not both");
  return { transport, image };
}

/** Returns what the daemon knows the image by. */
export function formatDaemon({ image }: DockerDaemonLocation): string {
  return typeof image === "string" ? image : formatFamiliar(image);
}
