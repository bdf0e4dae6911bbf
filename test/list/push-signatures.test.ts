import { describe, expect, it } from "bun:test";
import { annotateList, createList, openLists, pushList } from "../../src/core/list/mod.ts";
import { fillSource, openDesk, treeOf } from "../helper/lists.ts";

/** A directory with an index of amd64 and arm64, which are signed as the index is. */
async function open() {
  const desk = openDesk();
  const { host, lists } = desk;
  const { amd64, arm64 } = await fillSource(host);
  const [amd, arm] = [amd64, arm64].map(({ descriptor }) => descriptor.digest.slice(7));
  const { digest: root } = await createList(lists, "dir:/in", { images: ["oci:/src:amd64", "oci:/src:arm64"] });
  const signed = ["signature-1", `${amd}.signature-1`, `${amd}.signature-2`, `${arm}.signature-1`];
  for (const name of signed) {
    const writer = await host.files.create(`/in/${name}`);
    await writer.write(new TextEncoder().encode(name));
    await writer.close();
  }
  const signatures = async (path: string) =>
    (await treeOf(host, path)).filter((name) => name.includes("signature-")).map((name) => name.slice(path.length + 1));
  return { ...desk, amd64, root, signed, signatures };
}

describe("signatures in a directory", () => {
  it("go along with a push to another, those of the list too, and not to a list that is new", async () => {
    const { lists, signed, signatures, warnings } = await open();
    await pushList(lists, "dir:/in", ["dir:/out"]);
    expect(await signatures("/out")).toEqual([...signed].sort());
    await createList(lists, "app", { images: ["dir:/in"], all: true, annotations: { a: "b" } });
    await pushList(lists, "app", ["dir:/new"]);
    expect(await signatures("/new")).toEqual(signed.filter((name) => name !== "signature-1").sort());
    expect(warnings()).toEqual([]);
  });

  it("stay behind where nobody keeps such, which is said", async () => {
    const { lists, amd64, warnings } = await open();
    await pushList(lists, "dir:/in", ["oci:/out:1"]);
    expect(warnings()).toEqual([
      expect.stringMatching(/^"oci:\/out:1" keeps no signatures as a directory does: those of sha256:[0-9a-f]{64} and of 2 more stay behind$/),
    ]);
    await createList(lists, "oci:/one:1", { images: ["dir:/in"], architecture: "amd64" });
    expect(warnings()).toEqual([`"oci:/one:1" keeps no signatures as a directory does: those of ${amd64.descriptor.digest} stay behind`]);
  });

  it("go along to every directory and are said to stay behind elsewhere, read once for all", async () => {
    const { lists, signed, signatures, warnings } = await open();
    const reads: string[] = [];
    const { readFile } = lists.host.files;
    const files = { ...lists.host.files, read: noting(lists.host.files.read), readFile: noting(readFile) };
    function noting<A extends [string, ...unknown[]], T>(read: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
      return (...args) => {
        if (args[0].startsWith("/in/") && args[0].includes("signature-")) reads.push(args[0]);
        return read(...args);
      };
    }
    await pushList(openLists({ ...lists.host, files }, { root: "/lists", report: lists.report }), "dir:/in", ["dir:/one", "oci:/out:1", "dir:/two"]);
    for (const path of ["/one", "/two"]) expect(await signatures(path)).toEqual([...signed].sort());
    expect(warnings()).toEqual([expect.stringContaining('"oci:/out:1" keeps no signatures as a directory does: those of sha256:')]);
    expect(reads.sort()).toEqual(signed.map((name) => `/in/${name}`).sort());
  });

  it("stay behind without a word where that is asked for", async () => {
    const { lists, signatures, warnings } = await open();
    await pushList(lists, "dir:/in", ["dir:/out", "oci:/out-too:1"], { signatures: false });
    expect(await signatures("/out")).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  it("of a list are gone after an edit of it, which is said, and those of its images stay", async () => {
    const { lists, root, signed, signatures, warnings } = await open();
    await annotateList(lists, "dir:/in", { annotations: { a: "b" } });
    expect(warnings()).toEqual([`the signatures of "dir:/in" are gone: they were of ${root}, before the edit`]);
    expect(await signatures("/in")).toEqual(signed.filter((name) => name !== "signature-1").sort());
    await annotateList(lists, "dir:/in", { annotations: { a: "c" } });
    expect(warnings()).toEqual([]);
  });

  it("are told of by a dry run", async () => {
    const { lists } = await open();
    const [result] = await pushList(lists, "dir:/in", ["dir:/out"], { dryRun: true });
    expect(result?.writes?.flatMap((write) => (write.write === "signatures" ? [write.count] : [])).sort()).toEqual([1, 1, 2]);
  });
});
