import { describe, expect, it } from "bun:test";
import { addToList, annotateListEntries, createList, removeFromList } from "../../src/core/list/mod.ts";
import { attestationOf, entryOf, failureOf, fillSource, indexOfList, openDesk, putImage, putIndex } from "../helper/lists.ts";

/** An index in which one image stands for two platforms, with an attestation. */
async function open() {
  const { host, lists } = openDesk();
  const { attestation } = await fillSource(host);
  const image = await putImage(host, "oci:/src:arm", { platform: "linux/arm/v6" });
  const manifests = [entryOf(image, "linux/arm/v6"), entryOf(image, "linux/arm/v7"), attestationOf(attestation, image.descriptor.digest)];
  await putIndex(host, "oci:/src:both", { manifests });
  await createList(lists, "app", { images: ["oci:/src:both"], all: true });
  const variants = async () => (await indexOfList(lists, "app")).manifests.flatMap(({ platform }) => platform?.variant ?? []);
  return { host, lists, image, attestation, variants };
}

describe("entries that share a digest", () => {
  it("all come along from an index", async () => {
    const { variants } = await open();
    expect(await variants()).toEqual(["v6", "v7"]);
  });

  it("are made by stating platforms together; stated alone a platform corrects the one there is", async () => {
    const { lists } = await open();
    await createList(lists, "stated", { images: ["oci:/src:arm=linux/arm/v6", "oci:/src:arm=linux/arm/v7"] });
    await addToList(lists, "stated", ["oci:/src:arm=linux/arm/v5"]);
    await createList(lists, "slip", { images: ["oci:/src:arm=linux/amd64"] });
    await addToList(lists, "slip", ["oci:/src:arm=linux/arm/v7"]);
    expect((await indexOfList(lists, "slip")).manifests.map(({ platform }) => platform)).toEqual([{ architecture: "arm", os: "linux", variant: "v7" }]);
    expect((await indexOfList(lists, "stated")).manifests.map(({ platform }) => platform?.variant)).toEqual(["v6", "v7", "v5"]);
  });

  it("are edited one by one by their platforms, together by the digest", async () => {
    const { lists, image } = await open();
    await annotateListEntries(lists, "app", ["linux/arm/v6"], { annotations: { one: "yes" } });
    await annotateListEntries(lists, "app", [image.descriptor.digest], { annotations: { both: "yes" } });
    expect((await indexOfList(lists, "app")).manifests.slice(0, 2).map(({ annotations }) => annotations)).toEqual([
      { both: "yes", one: "yes" },
      { both: "yes" },
    ]);
  });

  it("are removed one by one by their platforms, and can be pushed and added to after that", async () => {
    const { lists, variants } = await open();
    const { removed, entries } = await removeFromList(lists, "app", ["linux/arm/v6"], { attestations: true });
    expect(removed).toEqual(entries);
    expect(await variants()).toEqual(["v7"]);
    const record = await lists.store.find("app");
    expect(Object.keys(record?.sources ?? {})).toHaveLength(2);
    await removeFromList(lists, "app", ["linux/arm/v7"], { attestations: true });
    expect((await indexOfList(lists, "app")).manifests).toEqual([]);
    expect((await lists.store.find("app"))?.sources).toEqual({});
  });

  it("keep their platforms when the image is added again", async () => {
    const { lists, variants } = await open();
    await addToList(lists, "app", ["oci:/src:arm"]);
    expect(await variants()).toEqual(["v6", "v7"]);
  });
});

describe("an entry that is named", () => {
  it("is looked for again where somebody was faster", async () => {
    const { lists, image } = await open();
    let isFirst = true;
    const racing = {
      ...lists,
      store: {
        ...lists.store,
        edit: async (...[id, change]: Parameters<typeof lists.store.edit>) => {
          if (isFirst) await removeFromList({ ...lists }, "app", [image.descriptor.digest]);
          isFirst = false;
          return lists.store.edit(id, change);
        },
      },
    };
    expect((await failureOf(annotateListEntries(racing, "app", ["linux/arm/v6"], { annotations: { a: "b" } }))).code).toBe("NOT_FOUND");
  });
});
