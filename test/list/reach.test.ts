import { describe, expect, it } from "bun:test";
import { type Reached, reachEntries } from "../../src/core/list/reach.ts";
import { type Descriptor, type Digest, type ImageIndex, mediaTypes } from "../../src/core/spec/mod.ts";
import { failureOf } from "../helper/lists.ts";

/** Indexes by name, each a list of names: those of other indexes, or of images. */
type Tree = Readonly<Record<string, readonly string[]>>;

function entryNamed(name: string, tree: Tree): Descriptor {
  const digest: Digest = `sha256:${name.padStart(64, "0")}`;
  return { mediaType: name in tree ? mediaTypes.ociIndex : mediaTypes.ociManifest, digest, size: 1 };
}

/** Looks through the index `0` of `tree`, and notes what is read. */
function reach(tree: Tree) {
  const asked: string[] = [];
  const nameOf = ({ digest }: Descriptor): string => digest.slice(7).replace(/^0+(?=.)/, "");
  const indexOf = (name: string): ImageIndex => ({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: (tree[name] ?? []).map((each) => entryNamed(each, tree)),
  });
  const read = async ({ entry }: Reached): Promise<ImageIndex> => {
    asked.push(nameOf(entry));
    return indexOf(nameOf(entry));
  };
  const reached = reachEntries({ name: "x", index: indexOf("0"), read });
  return { asked, names: async () => (await reached).map(({ entry, through }) => `${nameOf(entry)} through ${nameOf(through)}`) };
}

/** An index in an index, so many levels with the outermost. */
function chain(levels: number): Tree {
  return Object.fromEntries([...Array(levels).keys()].map((at) => [String(at), [at === levels - 1 ? "f" : String(at + 1)]]));
}

describe("reachEntries()", () => {
  it("lists what a nested index lists in its place, and says through which entry", async () => {
    expect(await reach({ 0: ["a", "1", "b"], 1: ["c", "2"], 2: ["d"] }).names()).toEqual(["a through a", "c through 1", "d through 1", "b through b"]);
  });

  it("reads an index that several share once, and lists it where it is met first", async () => {
    const { asked, names } = reach({ 0: ["1", "2"], 1: ["3", "3"], 2: ["3", "a"], 3: ["b"] });
    expect(await names()).toEqual(["b through 1", "a through 2"]);
    expect(asked).toEqual(["1", "2", "3"]);
  });

  it("goes down 10 levels, and refuses more", async () => {
    expect(await reach(chain(10)).names()).toEqual(["f through 1"]);
    const failure = await failureOf(reach(chain(11)).names());
    expect([failure.code, failure.message]).toEqual(["LIMIT", 'Cannot take images of "x": it has more than 10 levels of indexes']);
  });

  it("refuses more than 10 levels on any way to an index, not the shortest alone", async () => {
    const laddered = (levels: number): Tree => {
      const names = [...Array(levels).keys()].slice(1).map(String);
      return { ...chain(levels), 0: names };
    };
    expect(await reach(laddered(10)).names()).toEqual(["f through 1"]);
    for (const levels of [11, 10_000]) expect((await failureOf(reach(laddered(levels)).names())).code).toBe("LIMIT");
  });

  it("refuses an index that contains itself, which only a source that breaks its word has", async () => {
    for (const tree of [
      { 0: ["1"], 1: ["1"] },
      { 0: ["1", "2"], 1: ["2"], 2: ["1"] },
    ]) {
      const failure = await failureOf(reach(tree).names());
      expect([failure.code, failure.message]).toEqual([
        "INVALID",
        `Cannot take images of "x": the index sha256:${"1".padStart(64, "0")} in it contains itself`,
      ]);
    }
  });

  it("refuses more entries than anybody could write again", async () => {
    const many = [...Array(25_001).keys()].map((at) => `a${at}`);
    const failure = await failureOf(reach({ 0: ["1", "2"], 1: many, 2: many }).names());
    expect([failure.code, failure.message]).toEqual(["LIMIT", 'Cannot take images of "x": the indexes in it list more than 50000 entries']);
  });
});
