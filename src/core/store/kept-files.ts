import type { ByteStream, Bytes } from "../base/mod.ts";
import { type ContentFiles, type ContentReader, openContentFiles } from "../content/mod.ts";
import { type Digest, tryParseDigest } from "../spec/mod.ts";
import { listDirectory, uniqueName } from "./generation.ts";
import { unlessMissing } from "./missing.ts";
import { makeRoom } from "./room.ts";
import type { StoreHost } from "./shelves.ts";

/*
 * Content that lists refer to lies in the files of the store. Any number of processes add to it and free it at once, without a lock
 * or a lease. What nobody is in doubt of lies in `content/sha256`, the main place. What somebody is in doubt of lies aside, in a
 * directory `content/aside/<random>` of their own: what is being added, until a record refers to it, and what is being freed, until
 * it is known that no record does. A reference is an entry of the newest generation of any record, whether the list counts yet, has
 * a name or not (`references.ts`). Whoever looks for content looks in the main place, then aside, then again.
 *
 * Who adds (`keep.ts`)
 *
 *   1. puts every piece aside: as a second name (a hard link) of the file in the main place, or else from its source,
 *   2. writes the record that refers to them,
 *   3. links each piece into the main place, unless the name is there, or puts it there again, from the aside or else its source,
 *      where there are no links or the aside was taken; brings that to the disk,
 *   4. removes the aside. Only now is the edit acknowledged; also if (3) failed and every piece is in the main place or the aside.
 *
 * Who frees (`free.ts`)
 *
 *   a. reads all records,
 *   b. moves what none refers to from the main place into a new aside, and into further ones what lies in asides that were left,
 *   c. reads all records again,
 *   d. links what one refers to now back into the main place, unless the name is there; brings that to the disk,
 *   e. removes the new asides.
 *
 * If a record cannot be read, as it is damaged or of a later version, or a manifest that it refers to, nothing is moved at (a), and
 * everything goes back at (d).
 *
 * No content of an acknowledged edit is lost while its record stands. Say the record was written at W, and the piece had its name
 * in the main place or in the aside of who adds it at a later instant L. From there a name goes by (4), when the main place has the
 * piece, or by (b), in one rename. Who renames it after L reads the records (c) after W, finds the reference and gives the piece
 * back (d); if its name in the main place is taken by then, another file of the same content has it, of which the same is true.
 * In between the piece lies aside, where readers find it, and where it leaves by (d), or by (b) into the aside of another, who has
 * (c) still to come. Names that were moved before L are others, and whatever becomes of those is all the same.
 *
 * A process may die anywhere. Before (2) its aside holds what nobody refers to. From (2) on the reference stands and the piece lies
 * in its aside, if nowhere else. After (b) the asides hold what (c) will tell of. Whoever frees content later takes over each aside
 * that nobody has touched for an hour, and has (c) still to come. Nothing depends on the hour: where the owner is alive, who frees
 * finds nothing to give back, which is now the other's duty, and who adds puts the piece into the main place from its source.
 *
 * Nobody waits for anybody, and what it costs is linear: two readings of all records for an edit that drops kept content, one listing
 * of an empty directory for a reader who finds something missing.
 */

/** A directory of content: the main place, or one aside. */
export interface KeptPlace {
  /** The directory. */
  readonly directory: string;
  /** What lies in it. */
  readonly content: ContentFiles;
}

/** The content of a store on the disk. */
export interface KeptFiles {
  readonly host: StoreHost;
  /** The main place. */
  readonly main: KeptPlace;
  /** Everything, wherever it lies at the moment, for reading. */
  readonly reader: ContentReader;
  /** Returns an aside of one's own, and makes what is missing of the store for it. */
  openAside(): Promise<KeptPlace>;
  /** Returns all asides. */
  asides(): Promise<readonly KeptPlace[]>;
}

/** The folders of a place, one for each algorithm of digests. */
const folders = ["sha256", "sha512"] as const;

/** Content on its way from one place to the other is looked for this often; each time in vain takes two who move it. */
const rounds = 4;

/** Returns the content of the store in `root`; nothing is read or made before it is needed, and `prepare` makes the store. */
export function openKeptFiles(host: StoreHost, root: string, prepare: () => Promise<void>): KeptFiles {
  const { files, random } = host;
  const open = (directory: string): KeptPlace => ({ directory, content: openContentFiles(host, directory) });
  const main = open(files.join(root, "content"));
  const room = files.join(main.directory, "aside");
  const asides = async () => ((await listDirectory(files, room)) ?? []).map((name) => open(files.join(room, name)));
  return {
    host,
    main,
    reader: openSearch(main, asides),
    async openAside() {
      await prepare();
      return open(files.join(room, uniqueName(random)));
    },
    asides,
  };
}

/** Returns the digests of what lies in `place`. */
export async function listPlace({ files }: StoreHost, { directory }: KeptPlace): Promise<readonly Digest[]> {
  const found = await Promise.all(
    folders.map(async (folder) => ((await listDirectory(files, files.join(directory, folder))) ?? []).map((name) => tryParseDigest(`${folder}:${name}`))),
  );
  return found.flat().flatMap((digest) => digest ?? []);
}

/** Returns the folders of `place`. */
export function foldersOf({ files }: StoreHost, { directory }: KeptPlace): readonly string[] {
  return folders.map((folder) => files.join(directory, folder));
}

/** Makes the folders of `place` that content of these digests lies in, and returns them. */
export async function makeFolders({ files }: StoreHost, { content }: KeptPlace, digests: readonly Digest[]): Promise<readonly string[]> {
  const needed = [...new Set(digests.map((digest) => files.dirname(content.path(digest))))];
  for (const folder of needed) await makeRoom(files, folder);
  return needed;
}

/** Returns what lies in the main place or aside. */
function openSearch(main: KeptPlace, asides: () => Promise<readonly KeptPlace[]>): ContentReader {
  const search = async <T>(look: (content: ContentReader) => Promise<T | undefined>): Promise<T | undefined> => {
    for (let round = 0; round < rounds; round++) {
      const found = (await look(main.content)) ?? (await firstOf(await asides(), look));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const test = async (look: (content: ContentReader) => Promise<boolean>) => (await search(async (content) => (await look(content)) || undefined)) ?? false;
  const read = async <T>(look: (content: ContentReader) => Promise<T>) => (await search((content) => unlessMissing(look(content)))) ?? look(main.content);
  return {
    has: (digest, size) => test((content) => content.has(digest, size)),
    holds: (promised, options) => test((content) => content.holds(promised, options)),
    read: (promised, options) => read((content) => begin(content.read(promised, options))),
    readSmall: (promised, options) => read((content) => content.readSmall(promised, options)),
    readManifest: (descriptor, options) => read((content) => content.readManifest(descriptor, options)),
  };
}

/** Returns a stream whose first piece has come: only then is a file open, and stays so wherever it is moved. */
async function begin(opening: Promise<ByteStream>): Promise<ByteStream> {
  const reader = (await opening).getReader();
  let first: Awaited<ReturnType<typeof reader.read>> | undefined = await reader.read();
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const { done, value } = first ?? (await reader.read());
        first = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

async function firstOf<T>(places: readonly KeptPlace[], look: (content: ContentReader) => Promise<T | undefined>): Promise<T | undefined> {
  for (const { content } of places) {
    const found = await look(content);
    if (found !== undefined) return found;
  }
  return undefined;
}
