import { isAttestation } from "../index/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import { type Descriptor, type Digest, hasTransport, type ImageIndex, type ManifestDocument, mediaTypes, titleKey } from "../spec/mod.ts";
import type { ListState } from "../store/mod.ts";
import { baseName } from "./artifact-file.ts";
import type { ListContext } from "./context.ts";
import { type EntryManifests, readManifests } from "./entry-manifests.ts";
import type { OpenedList } from "./place.ts";

/** Returns the entries that may be artifacts: those that say so, and those that say nothing of what they run on. */
export function artifactsIn(index: ImageIndex): readonly Descriptor[] {
  return index.manifests.filter((entry) => {
    const { mediaType, artifactType, platform } = entry;
    const runsNowhere = platform === undefined || (platform.os === "" && platform.architecture === "");
    return mediaType === mediaTypes.ociManifest && !isAttestation(entry) && (artifactType !== undefined || runsNowhere);
  });
}

/** What is known of artifacts. */
export interface KnownArtifacts {
  /** Their manifests, as far as they were read. */
  readonly manifests: EntryManifests;
  /** What the list's record says of them. */
  readonly sources: ListState["sources"];
}

/** Returns what the files of `artifacts` are called: by the titles in their manifests, else by the paths in the list's record. */
export function fileNames(files: FileSystem, artifacts: readonly Descriptor[], { manifests, sources }: KnownArtifacts): ReadonlyMap<Digest, readonly string[]> {
  return new Map(
    artifacts.flatMap(({ digest }) => {
      const titles = titlesOf(manifests.get(digest));
      const names = titles.length > 0 ? titles : (sources[digest]?.files ?? []).map((path) => baseName(files, path));
      return names.length === 0 ? [] : [[digest, names] as const];
    }),
  );
}

function titlesOf(document: ManifestDocument | undefined): readonly string[] {
  return document !== undefined && "layers" in document.value ? document.value.layers.flatMap(({ annotations }) => annotations?.[titleKey] ?? []) : [];
}

/**
 * Returns the artifacts of a list that were made of the file `text`: those whose paths are in the list's record, else those that call
 * a file so, for which manifests are read. A path with directories is none of an artifact that was made of others.
 */
export async function findArtifacts(context: ListContext, list: OpenedList, text: string): Promise<readonly Digest[]> {
  if (text === "" || hasTransport(text)) return [];
  const { files } = context.host;
  const { index, sources } = list.view.state;
  const path = files.absolute(text);
  const recorded = index.manifests.filter(({ digest }) => sources[digest]?.files?.includes(path));
  if (recorded.length > 0) return recorded.map(({ digest }) => digest);
  const name = baseName(files, path);
  const artifacts = artifactsIn(index).filter(({ digest }) => text === name || sources[digest]?.files === undefined);
  const manifests = await readManifests(context, artifacts, (entry) => list.place.sourceOf(list.view, entry));
  return [...fileNames(files, artifacts, { manifests, sources })].flatMap(([digest, names]) => (names.includes(name) ? [digest] : []));
}
