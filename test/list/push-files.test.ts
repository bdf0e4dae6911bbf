import { afterEach, beforeEach, describe, expect, it } from "bun:test";
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createList, openLists, pushList } from "../../src/core/list/mod.ts";
import { nodeHost } from "../../src/host/node.ts";
import { failureOf, openDesk, treeOf } from "../helper/lists.ts";

describe("a file that a push is to write", () => {
  it("is tried before anything is pushed", async () => {
    const { host, lists } = openDesk({ files: { "/file": "", "/directory/x": "" } });
    await createList(lists, "app");
    for (const [path, seen] of [
      ["/nowhere/digest", 'Cannot write "/nowhere/digest": there is no such directory'],
      ["/file/digest", 'Cannot write "/file/digest": '],
      ["/directory", 'Cannot write "/directory": it is a directory'],
    ] as const)
      for (const options of [{ digestFile: path }, { metadataFile: path }])
        expect((await failureOf(pushList(lists, "app", ["oci:/out:1"], options))).message).toContain(seen);
    expect([await treeOf(host, "/out"), await treeOf(host, "/directory")]).toEqual([[], ["/directory/x"]]);
  });

  describe("on a disk", () => {
    let folder = "";
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "ocidex-push-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("is written through a link, which stays one", async () => {
      const [target, link] = [join(folder, "target"), join(folder, "link")];
      writeFileSync(target, "what was there before, and is longer than any digest that could take its place, so that nothing of it may be left behind");
      symlinkSync(target, link);
      const lists = openLists(nodeHost(), { root: folder });
      const { digest } = await createList(lists, "app");
      await pushList(lists, "app", [`oci:${join(folder, "out")}:1`], { digestFile: link });
      expect([lstatSync(link).isSymbolicLink(), readFileSync(target, "utf8")]).toEqual([true, digest]);
    });

    it("may be no file at all", async () => {
      const lists = openLists(nodeHost(), { root: folder });
      await createList(lists, "app");
      await pushList(lists, "app", [`oci:${join(folder, "out")}:1`], { digestFile: "/dev/null" });
      expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
    });
  });
});
