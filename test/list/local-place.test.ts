import { describe, expect, it } from "bun:test";
import { addToList, annotateList, createList, deleteList, type ListContext, pushList, removeFromList } from "../../src/core/list/mod.ts";
import { fillSource, openDesk } from "../helper/lists.ts";

describe("a signal", () => {
  const reason = new Error("enough");

  it.each([
    ["createList()", (lists) => createList(lists, "other")],
    ["createList() that amends", (lists) => createList(lists, "app", { amend: true, annotations: { title: "app" } })],
    ["annotateList()", (lists) => annotateList(lists, "app", { annotations: { title: "app" } })],
    ["addToList()", (lists) => addToList(lists, "app", ["oci:/src:arm64"])],
    ["removeFromList()", (lists) => removeFromList(lists, "app", ["linux/amd64"])],
    ["deleteList() of a name", (lists) => deleteList(lists, "app")],
    ["deleteList() of an ID", async (lists) => deleteList(lists, (await lists.store.find("app"))?.id ?? "")],
  ] satisfies readonly (readonly [string, (lists: ListContext) => Promise<unknown>])[])("ends %s on a local list, which stays as it was", async (_, verb) => {
    const { host, lists } = openDesk();
    await fillSource(host);
    await createList(lists, "app", { images: ["oci:/src:amd64"] });
    const before = await lists.store.all();
    await expect(verb({ ...lists, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await lists.store.all()).toEqual(before);
  });

  it.each([
    ["an edit", (lists) => annotateList(lists, "app", { annotations: { title: "app" } })],
    ["a push that removes the list", (lists) => pushList(lists, "app", ["dir:/out"], { remove: true })],
  ] satisfies readonly (readonly [string, (lists: ListContext) => Promise<unknown>])[])(
    "ends the wait of %s for a turn that another process has",
    async (_, verb) => {
      const controller = new AbortController();
      const sleep = async (_time: number, signal?: AbortSignal) => {
        controller.abort(reason);
        signal?.throwIfAborted();
      };
      const { host, lists } = openDesk({ wrap: (made) => ({ ...made, clock: { ...made.clock, sleep } }) });
      const { id } = await createList(lists, "app");
      await (await host.files.create(`/lists/ocidex/lists/${id}/turn`)).close();
      await expect(verb({ ...lists, signal: controller.signal })).rejects.toBe(reason);
      expect(await host.files.list(`/lists/ocidex/lists/${id}`)).toEqual(["1.json", "turn"]);
    },
  );
});
