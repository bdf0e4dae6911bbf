import { beforeEach, describe, expect, it } from "bun:test";
import { type Bytes, encodeUtf8, OciError, streamBytes } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { type ContentKeeper, type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { contentIn, imageOf, keepIn, type Piece, putImage, withKept } from "./kept-sample.ts";
import { emptyState } from "./sample.ts";

const content = "/data/ocidex/content";
const image = imageOf("a", ["x", "y"]);

let files: FileSystem;
let store: ListStore;

beforeEach(() => {
  files = memoryHost({ clock: memoryClock() }).files;
  store = storeOn(files);
});

function storeOn(own: FileSystem, seed = 1): ListStore {
  return openListStore({ ...memoryHost({ clock: memoryClock(), random: memoryRandom(seed) }), files: own }, { root: "/data" });
}

async function refuseLinks(): Promise<never> {
  throw new OciError("UNSUPPORTED", "Cannot link: the file system refuses");
}

function pathOf({ descriptor }: Piece): string {
  return `${content}/${descriptor.digest.replace(":", "/")}`;
}

/** Replaces what a file holds. */
async function overwrite(path: string, bytes: Bytes): Promise<void> {
  await files.remove(path);
  const writer = await files.create(path);
  await writer.write(bytes);
  await writer.close();
}

/** Puts the pieces, and counts how often each is opened. */
async function putCounting(keeper: ContentKeeper, pieces: readonly Piece[]): Promise<{ readonly outcomes: readonly string[]; readonly opened: () => number }> {
  let opened = 0;
  const outcomes: string[] = [];
  for (const { descriptor, bytes } of pieces) {
    const open = async () => {
      opened++;
      return streamBytes(bytes);
    };
    outcomes.push(await keeper.put(descriptor, open));
  }
  return { outcomes, opened: () => opened };
}

describe("ListStore.keep()", () => {
  it("gives what the task gives, and has its content aside until the task is done, where it can be read", async () => {
    const { id } = await store.create("app", emptyState);
    const result = await store.keep(async (keeper) => {
      await putImage(keeper, image);
      expect((await contentIn(files, content)).every((path) => path.startsWith(`${content}/aside/`))).toBe(true);
      for (const { descriptor, bytes } of image.pieces) expect(await store.content.readSmall(descriptor)).toEqual(bytes);
      await store.edit(id, (state) => withKept(state, image));
      return "done";
    });
    expect(result).toBe("done");
    expect(await contentIn(files, content)).toEqual(image.pieces.map(pathOf).sort());
  });

  it("makes nothing for a task that puts nothing", async () => {
    expect(await store.keep(async () => 1)).toBe(1);
    expect(await files.status("/data")).toBeUndefined();
  });

  it("does not ask for what is there, and asks once for what is put twice at once", async () => {
    const { id } = await store.create("app", emptyState);
    await keepIn(store, id, image);
    const again = await store.keep((keeper) => putCounting(keeper, image.pieces));
    expect([again.outcomes, again.opened()]).toEqual([image.pieces.map(() => "exists"), 0]);
    const other = imageOf("b", ["z"]);
    let opened = 0;
    await store.keep(async (keeper) => {
      const open = async (bytes: Bytes) => {
        opened++;
        return streamBytes(bytes);
      };
      await Promise.all([...other.pieces, ...other.pieces].map(({ descriptor, bytes }) => keeper.put(descriptor, () => open(bytes))));
    });
    expect(opened).toBe(other.pieces.length);
  });

  it("asks again for what is there where there are no links", async () => {
    const linkless = storeOn({ ...files, link: refuseLinks });
    const { id } = await linkless.create("app", emptyState);
    await keepIn(linkless, id, image);
    expect(await contentIn(files, content)).toEqual(image.pieces.map(pathOf).sort());
    const again = await linkless.keep((keeper) => putCounting(keeper, image.pieces));
    expect(again.opened()).toBe(image.pieces.length);
    expect(await contentIn(files, content)).toEqual(image.pieces.map(pathOf).sort());
  });

  it("replaces what is there and damaged", async () => {
    const { id } = await store.create("app", emptyState);
    await keepIn(store, id, image);
    for (const piece of image.pieces) await overwrite(pathOf(piece), encodeUtf8("?".repeat(piece.descriptor.size)));
    const again = await store.keep((keeper) => putCounting(keeper, image.pieces));
    expect(again.outcomes).toEqual(image.pieces.map(() => "copied"));
    for (const { descriptor, bytes } of image.pieces) expect(await store.content.readSmall(descriptor)).toEqual(bytes);
  });

  it("takes nothing that is not what was promised, and what fails may be put again", async () => {
    const [piece] = image.pieces;
    if (piece === undefined) throw new Error("an image has pieces");
    const { descriptor, bytes } = piece;
    await store.keep(async (keeper) => {
      await expect(keeper.put(descriptor, async () => streamBytes(encodeUtf8("else")))).rejects.toMatchObject({ code: "MISMATCH" });
      expect(await keeper.put(descriptor, async () => streamBytes(bytes))).toBe("copied");
    });
    expect(await contentIn(files, content)).toEqual([pathOf(piece)]);
  });

  it("takes away what a task that fails has put, and nothing else", async () => {
    const { id } = await store.create("app", emptyState);
    await keepIn(store, id, image);
    const task = async (keeper: ContentKeeper) => {
      await putImage(keeper, imageOf("b", ["x", "z"]));
      throw new Error("changed its mind");
    };
    await expect(store.keep(task)).rejects.toThrow("changed its mind");
    expect(await contentIn(files, content)).toEqual(image.pieces.map(pathOf).sort());
  });

  it("keeps what a record refers to, also when the task fails after that was written", async () => {
    const { id } = await store.create("app", emptyState);
    const task = async (keeper: ContentKeeper) => {
      await putImage(keeper, image);
      await store.edit(id, (state) => withKept(state, image));
      throw new Error("too late");
    };
    await expect(store.keep(task)).rejects.toThrow("too late");
    expect(await contentIn(files, content)).toEqual(image.pieces.map(pathOf).sort());
  });

  it.each([
    ["with links", false],
    ["without links", true],
  ])("asks once more for what somebody took meanwhile, %s", async (_, linkless) => {
    const own = linkless ? storeOn({ ...files, link: refuseLinks }) : store;
    const { id } = await own.create("app", emptyState);
    const { opened } = await own.keep(async (keeper) => {
      const counting = await putCounting(keeper, image.pieces);
      await own.edit(id, (state) => withKept(state, image));
      await files.remove(`${content}/aside`);
      return counting;
    });
    expect(opened()).toBe(2 * image.pieces.length);
    expect(await contentIn(files, content)).toEqual(image.pieces.map(pathOf).sort());
  });

  it("may lie in another", async () => {
    const { id } = await store.create("app", emptyState);
    const other = imageOf("b", ["x"]);
    await store.keep(async (outer) => {
      await putImage(outer, image);
      await store.keep(async (inner) => {
        await putImage(inner, other);
        await store.edit(id, (state) => withKept(withKept(state, image), other));
      });
      expect(await store.content.has(other.document.descriptor.digest)).toBe(true);
    });
    expect(await contentIn(files, content)).toHaveLength(image.pieces.length + 2);
  });

  it("frees what somebody who died an hour ago has left aside, and nothing younger", async () => {
    await store.create("app", emptyState);
    await leaveAside("1".repeat(32));
    await store.keep(async () => {});
    expect(await contentIn(files, content)).toHaveLength(1);
    const later = openListStore({ ...memoryHost({ clock: memoryClock(3_600_001) }), files }, { root: "/data" });
    await later.keep(async () => {});
    expect(await contentIn(files, content)).toEqual([]);
  });
});

/** Leaves what somebody leaves who dies before his edit. */
async function leaveAside(name: string): Promise<void> {
  const [piece] = image.pieces;
  if (piece === undefined) throw new Error("an image has pieces");
  const folder = `${content}/aside/${name}/sha256`;
  await files.makeDirectory(folder);
  const writer = await files.create(`${folder}/${piece.descriptor.digest.slice(7)}`);
  await writer.write(piece.bytes);
  await writer.close();
}
