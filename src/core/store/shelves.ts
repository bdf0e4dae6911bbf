import { formatHex } from "../base/mod.ts";
import type { Host } from "../port/mod.ts";
import { type Generation, listDirectory, readNewest, uniqueName } from "./generation.ts";
import { decodeList, encodeList, type ListStamp, type RemovedList, type StoredList } from "./list-record.ts";
import { decodeShelf, emptyShelf, encodeShelf, type Shelf } from "./name-record.ts";
import { openRegisters, type Registers, type UpdateOptions } from "./register.ts";
import { findRoom, makeRoom } from "./room.ts";

/** What the store needs of a host. */
export type StoreHost = Pick<Host, "files" | "hash" | "clock" | "random" | "environment">;

/** The records of a store on the disk: `lists/<ID>` and `names/<shelf>`, registers both. */
export interface Shelves {
  readonly host: StoreHost;
  readonly registers: Registers;
  /** Where lists and shelves are made and removed. */
  readonly workshop: string;
  /** Makes the directories that are missing. */
  prepare(): Promise<void>;
  /** Returns the directory of a list. */
  listPath(id: string): string;
  /** Returns the IDs lists are kept under, whether they count or not. */
  ids(): Promise<readonly string[]>;
  /** Returns the shelves in use. */
  shelves(): Promise<readonly string[]>;
  /** Returns what is kept under an ID, whether it counts or not. @throws {OciError} `DAMAGED`, `UNSUPPORTED` */
  readList(id: string): Promise<StoredList | RemovedList | undefined>;
  /** Makes the record of a list that does not count yet; false means that another try is needed. */
  writeList(list: StoredList): Promise<boolean>;
  /** Removes what is kept under an ID. */
  discardList(id: string): Promise<void>;
  /** Returns a shelf; one that is not there is empty. @throws {OciError} `DAMAGED`, `UNSUPPORTED` */
  readShelf(shelf: string): Promise<Shelf>;
  /** Replaces a shelf by what `change` makes of it, called again whenever somebody was faster; undefined leaves it as it is. */
  updateShelf(shelf: string, change: (content: Shelf) => Promise<Shelf | undefined>, options?: UpdateOptions): Promise<void>;
}

/** Returns the records in `root`; nothing is read or made before it is needed. */
export function openShelves(host: StoreHost, root: string): Shelves {
  const { files, hash, random, clock } = host;
  const [lists, names, workshop] = [files.join(root, "lists"), files.join(root, "names"), files.join(root, "tmp")];
  const registers = openRegisters({ files, clock, random, workshop });
  const listPath = (id: string) => files.join(lists, id);
  const shelfPath = (shelf: string) => files.join(names, shelf);

  const prepare = async (): Promise<void> => {
    for (const directory of [lists, names, workshop]) await makeRoom(files, directory);
  };

  /** What is not there may be so because the store cannot be there, which is no empty store. */
  const unlessBarred = async <T>(directory: string, found: T | undefined): Promise<T | undefined> => {
    if (found === undefined) await findRoom(files, directory);
    return found;
  };
  const namesIn = async (directory: string, grammar: RegExp): Promise<readonly string[]> =>
    ((await unlessBarred(directory, await listDirectory(files, directory))) ?? []).filter((name) => grammar.test(name));

  return {
    host,
    registers,
    workshop,
    prepare,
    listPath,
    ids: () => namesIn(lists, /^[0-9a-f]{64}$/),
    shelves: () => namesIn(names, /^[0-9a-f]{3}$/),
    async readList(id) {
      const newest = await unlessBarred(lists, await readNewest(files, listPath(id)));
      return newest && decodeList(hash, id, newest);
    },
    writeList: (list) => registers.create(listPath(list.id), encodeList(hash, list, stamp(host, 1))),
    discardList: (id) => registers.discard(listPath(id)),
    async readShelf(shelf) {
      const newest = await unlessBarred(names, await readNewest(files, shelfPath(shelf)));
      return newest ? decodeShelf(hash, shelf, newest) : emptyShelf;
    },
    async updateShelf(shelf, change, options) {
      for (;;) {
        const follow = async (newest: Generation) => {
          const next = await change(decodeShelf(hash, shelf, newest));
          return next && encodeShelf(hash, shelf, next, stamp(host, newest.number + 1));
        };
        const outcome = await registers.update(shelfPath(shelf), follow, options);
        if (outcome !== "absent") return;
        const first = await change(emptyShelf);
        if (first === undefined) return;
        await prepare();
        if (await registers.create(shelfPath(shelf), encodeShelf(hash, shelf, first, stamp(host, 1)))) return;
      }
    },
  };
}

/** Returns what marks a record as this writer's. */
export function stamp({ random }: StoreHost, generation: number): ListStamp {
  return { generation, nonce: uniqueName(random) };
}

/** Returns an ID nobody else has: 64 hexadecimal digits. */
export function createId({ random }: StoreHost): string {
  return formatHex(random.bytes(32));
}
