import { OciError, quote, streamBytes } from "../../base/mod.ts";
import {
  type ContentFiles,
  type ContentReader,
  directoryTree,
  findComplete,
  layeredTree,
  openContentFiles,
  openContentReader,
  type Promised,
  temporaryName,
} from "../../content/mod.ts";
import type { ContentOptions, ContentTarget } from "../../port/mod.ts";
import { type Digest, formatLocation, type ManifestDocument, manifestMediaTypes } from "../../spec/mod.ts";
import { type ArchiveFile, readArchiveToEdit, steadily } from "./archive-files.ts";
import { rewriteArchive } from "./archive-rewrite.ts";
import { layoutNaming } from "./layout.ts";
import { entryName, setEntry, withArtifactType } from "./layout-index.ts";
import { type PlacedReferrer, placeReferrers, requireNamed } from "./layout-referrers.ts";

/** What waits beside an archive until the root is written. */
interface Stage {
  /** The directory. */
  readonly directory: string;
  /** What lies there. */
  readonly content: ContentFiles;
}

/** One copy into an archive. */
interface Progress {
  stage: Promise<Stage> | undefined;
  /** Content that waits, with its size. */
  readonly staged: Map<Digest, number>;
  /** Content this copy has found there and relies on. */
  readonly used: Set<Digest>;
  /** What gets an entry beside the root's. */
  readonly referrers: PlacedReferrer[];
}

/** Returns the writing side of an archive. Content waits in a directory beside it; the archive is written once, with the root. */
export function openArchiveTarget(file: ArchiveFile): ContentTarget {
  const { location } = file;
  const progress: Progress = { stage: undefined, staged: new Map(), used: new Set(), referrers: [] };
  const putManifest = ({ descriptor, bytes }: ManifestDocument, options: ContentOptions = {}) =>
    put(file, progress, { ...options, promised: descriptor, put: (content) => content.put(descriptor, async () => streamBytes(bytes), options) });
  return {
    name: formatLocation(location),
    accepts: (mediaType) => manifestMediaTypes.some((each) => each === mediaType),
    async hasManifest(descriptor, options) {
      const found = await steadily(file, options ?? {}, async () => {
        const content = await readable(file, progress, options);
        return content && (await findComplete({ manifests: content, blobs: content }, descriptor, options));
      });
      for (const digest of found ?? []) progress.used.add(digest);
      return found !== undefined;
    },
    hasBlob: async (descriptor, options) => (await (await readable(file, progress, options))?.has(descriptor.digest, descriptor.size)) ?? false,
    putBlob: (descriptor, open, options = {}) =>
      put(file, progress, { ...options, promised: descriptor, put: (content) => content.put(descriptor, open, options) }),
    async putManifest(document, options) {
      await putManifest(document, options);
    },
    async putReferrer(document, { tag } = {}) {
      requireNamed(location, file.what);
      progress.referrers.push({ document, tag });
    },
    async putRoot(document, options = {}) {
      const name = entryName(location, options.tag);
      const guard = "expected" in options ? { guard: { expected: options.expected } } : {};
      await putManifest(document, options);
      const stage = await progress.stage;
      await rewriteArchive(file, {
        ...options,
        edit: (index) => placeReferrers(setEntry(index, name, withArtifactType(document), guard), progress.referrers, file.what),
        staged: progress.staged,
        used: progress.used,
        ...(stage && { content: stage.content }),
      });
      await clear(file, progress);
    },
    async settle(options = {}) {
      const stage = await progress.stage;
      if (stage !== undefined)
        await rewriteArchive(file, { ...options, staged: progress.staged, used: progress.used, content: stage.content, edit: (index) => index });
      await clear(file, progress);
    },
    abandon: () => clear(file, progress),
  };
}

interface Putting extends ContentOptions {
  readonly promised: Promised;
  readonly put: (content: ContentFiles) => Promise<"copied" | "exists">;
}

async function put(file: ArchiveFile, progress: Progress, putting: Putting): Promise<"copied" | "exists"> {
  const { promised, signal } = putting;
  signal?.throwIfAborted();
  if (await steadily(file, putting, async () => (await readArchiveToEdit(file, putting))?.content.holds(promised, putting))) {
    progress.used.add(promised.digest);
    return "exists";
  }
  const { content } = await (progress.stage ??= makeStage(file));
  const outcome = await putting.put(content);
  progress.staged.set(promised.digest, promised.size);
  return outcome;
}

async function makeStage({ host, path, what }: ArchiveFile): Promise<Stage> {
  const { files, random } = host;
  const parent = files.dirname(path);
  if ((await files.status(parent)) === undefined) throw new OciError("NOT_FOUND", `Cannot write ${what}: there is no directory ${quote(parent)}`);
  const directory = files.join(parent, temporaryName(random));
  await files.createDirectory(directory, { mode: 0o700 });
  return { directory, content: openContentFiles(host, directory, { naming: layoutNaming }) };
}

/** Returns what can be read: what waits, before what the archive holds. */
async function readable(file: ArchiveFile, progress: Progress, options: ContentOptions = {}): Promise<ContentReader | undefined> {
  const layout = await readArchiveToEdit(file, options);
  const stage = await progress.stage;
  if (stage === undefined || layout === undefined) return stage?.content ?? layout?.content;
  const { files, hash } = file.host;
  return openContentReader(hash, layeredTree(directoryTree(files, stage.directory), layout.tree), layoutNaming);
}

async function clear({ host }: ArchiveFile, progress: Progress): Promise<void> {
  const stage = await progress.stage?.catch(() => undefined);
  if (stage !== undefined) await host.files.remove(stage.directory);
  progress.stage = undefined;
  progress.staged.clear();
  progress.referrers.length = 0;
}
