import { OciError, quote, streamBytes, tryParseBase64 } from "../base/mod.ts";
import { readSmall, verifyStream } from "../content/mod.ts";
import type { ContentSource, Host } from "../port/mod.ts";
import { type Descriptor, emptyDescriptor, type ManifestDocument } from "../spec/mod.ts";
import type { ArtifactFile } from "./artifact-file.ts";

/** Returns an artifact as the source of a copy: its manifest, which was made here, and its files, which are there as long as nobody changes them. */
export function artifactSource(host: Pick<Host, "files" | "hash">, document: ManifestDocument, parts: readonly ArtifactFile[]): ContentSource {
  const paths = new Map<string, string>(parts.map(({ digest, path }) => [digest, path]));
  const source: ContentSource = {
    name: "the files of the artifact",
    isTemporary: true,
    resolve: async () => document,
    describe: async () => document.descriptor,
    async manifest({ digest }) {
      if (digest === document.descriptor.digest) return document;
      throw missing(digest);
    },
    smallBlob: async (descriptor, options) => readSmall(await source.blob(descriptor, options), `${descriptor.digest} of ${source.name}`),
    async blob(descriptor, options) {
      const path = paths.get(descriptor.digest);
      if (path === undefined) return streamBytes(emptyContent(descriptor));
      const what = `file ${quote(path)}, which has changed since it was read first`;
      return verifyStream(host.hash, await host.files.read(path, options), descriptor, what);
    },
  };
  return source;
}

function emptyContent({ digest }: Descriptor): Uint8Array<ArrayBuffer> {
  const bytes = digest === emptyDescriptor.digest ? tryParseBase64(emptyDescriptor.data ?? "") : undefined;
  if (bytes === undefined) throw missing(digest);
  return bytes;
}

function missing(digest: string): OciError {
  return new OciError("NOT_FOUND", `Cannot read ${quote(digest)}: the artifact has no such content`);
}
