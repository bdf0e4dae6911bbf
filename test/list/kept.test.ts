import { describe, expect, it } from "bun:test";
import { addToList, createList, type ListContext, pushList } from "../../src/core/list/mod.ts";
import { fillSource, indexAt, openDesk } from "../helper/lists.ts";

/** Returns `lists` for which what a layout holds can be had in this run only. */
function fleeting(lists: ListContext): ListContext {
  const { transports } = lists;
  return {
    ...lists,
    transports: {
      ...transports,
      async source(location) {
        const source = await transports.source(location);
        return location.transport === "oci" ? { ...source, isTemporary: true } : source;
      },
    },
  };
}

describe("addToList() of an image that can be had in this run only", () => {
  it("keeps all of it, so that a push needs its place no more", async () => {
    const { host, lists } = openDesk();
    const { amd64 } = await fillSource(host);
    await createList(lists, "app");
    await addToList(fleeting(lists), "app", ["oci:/src:amd64"]);
    await host.files.remove("/src");
    await pushList(lists, "app", ["oci:/out:1"]);
    expect((await indexAt(host, "oci:/out:1")).manifests.map(({ digest }) => digest)).toEqual([amd64.descriptor.digest]);
  });
});
