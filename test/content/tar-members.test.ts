import { describe, expect, it } from "bun:test";
import { concatBytes, encodeUtf8, readAll, streamBytes } from "../../src/core/base/mod.ts";
import { readTarMembers, type TarMember, writeTar } from "../../src/core/content/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { endMark, paxMember, type RawMember, rawMember, rawTar } from "../helper/tar.ts";

const what = '"x.tar"';

function membersOf(bytes: Uint8Array): Promise<ReadonlyMap<string, TarMember>> {
  return readTarMembers(memoryHost({ files: { "/x.tar": bytes } }).files, { path: "/x.tar", what });
}

/** Returns names and contents. */
async function contentOf(bytes: Uint8Array): Promise<Readonly<Record<string, string>>> {
  const members = await membersOf(bytes);
  return Object.fromEntries(
    [...members].map(([name, { start, size, target }]) => [
      name,
      target === undefined ? new TextDecoder().decode(bytes.slice(start, start + size)) : `-> ${target}`,
    ]),
  );
}

const long = `${"d".repeat(120)}/${"f".repeat(140)}`;

describe("readTarMembers()", () => {
  it("finds files and links, and passes over directories", async () => {
    const archive = rawTar(
      { name: "./", type: "5" },
      { name: "./a/", type: "5" },
      { name: "./a/one", content: "1" },
      { name: "a//two", content: "x".repeat(513) },
      { name: "old/", content: "" },
      { name: "empty" },
      { name: "c/soft", type: "2", link: "../a/one" },
      { name: "hard", type: "1", link: "./a/one" },
      { name: "seven", type: "7", content: "7" },
      { name: "before-posix", type: "\0", content: "v7" },
    );
    expect(await contentOf(archive)).toEqual({
      "a/one": "1",
      "a/two": "x".repeat(513),
      empty: "",
      "c/soft": "-> a/one",
      hard: "-> a/one",
      seven: "7",
      "before-posix": "v7",
    });
  });

  it("finds nothing in an empty archive", async () => {
    expect(await contentOf(rawTar())).toEqual({});
  });

  it("reads long names of ustar, pax and GNU, and sizes of pax and in base 256", async () => {
    const size = Uint8Array.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
    expect(await contentOf(rawTar({ name: "f".repeat(100), prefix: "p".repeat(155), content: "a" }))).toEqual({
      [`${"p".repeat(155)}/${"f".repeat(100)}`]: "a",
    });
    expect(await contentOf(rawTar(paxMember({ path: long, comment: "x=y" }), { name: "short", content: "b" }, { name: "next", content: "c" }))).toEqual({
      [long]: "b",
      next: "c",
    });
    expect(await contentOf(rawTar({ name: "L", type: "L", content: `${long}\0` }, { name: "short", content: "d" }))).toEqual({ [long]: "d" });
    expect(await contentOf(rawTar({ name: "K", type: "K", content: `${long}\0` }, { name: "short", type: "2", link: "x" }))).toEqual({ short: `-> ${long}` });
    expect(await contentOf(rawTar(paxMember({ linkpath: "a/b" }), { name: "short", type: "2", link: "x" }))).toEqual({ short: "-> a/b" });
    expect(await contentOf(rawTar({ name: "big", content: "1234", size }))).toEqual({ big: "1234" });
    expect(
      await contentOf(rawTar(paxMember({ size: "4" }), { name: "sized", content: "1234", size: "00000000000\0" }, { name: "next", content: "n" })),
    ).toEqual({ sized: "1234", next: "n" });
    expect(await contentOf(rawTar(paxMember({ comment: "from git" }, "g"), { name: "a", content: "1" }))).toEqual({ a: "1" });
  });

  it("does not take the times in GNU's own header for a prefix", async () => {
    const gnu = (block: Uint8Array) => void block.set(encodeUtf8("ustar  \0"), 257);
    expect(await contentOf(rawTar({ name: "a", prefix: "13412341234", content: "1", change: gnu }))).toEqual({ a: "1" });
  });

  it("does not count content of links, whatever their size says", async () => {
    expect(await contentOf(rawTar({ name: "l", type: "1", link: "a", size: "00000001000\0" }, { name: "a", content: "1" }))).toEqual({ l: "-> a", a: "1" });
  });

  it("reads what writeTar() writes, names of every length and sizes beyond 8 GiB included", async () => {
    const names = [long, "a", "n".repeat(100), `${"p".repeat(150)}/${"n".repeat(90)}`, `blobs/sha512/${"0".repeat(128)}`, "é".repeat(60)];
    const contents = names.map((name) => ({ name, size: 3, open: async () => streamBytes(encodeUtf8("abc")) }));
    expect(await contentOf(await readAll(writeTar(contents), { limit: 1 << 20, what: "archive" }))).toEqual(
      Object.fromEntries(names.map((name) => [name, "abc"])),
    );
    const size = 10 * 2 ** 30;
    const reader = writeTar([{ name: "big", size, open: async () => streamBytes(encodeUtf8("abc")) }]).getReader();
    const { value: header = new Uint8Array(0) } = await reader.read();
    await reader.cancel();
    await expect(membersOf(header)).rejects.toThrow(`at byte ${header.length + size} it ends before its end mark`);
  });

  it("writeTar() fails for a file that is shorter or longer than it should be, and stops reading it", async () => {
    for (const size of [2, 4]) {
      const stream = writeTar([{ name: "a", size, open: async () => streamBytes(encodeUtf8("abc")) }]);
      await expect(readAll(stream, { limit: 1 << 20, what: "archive" })).rejects.toEqual(expect.objectContaining({ code: "MISMATCH" }));
    }
  });

  it("reads 20 000 members (GHSA-rp3h-jf77-q9p4)", async () => {
    const pieces = [...Array(20_000).keys()].map((at) => rawMember({ name: `${at}`, content: "1" }));
    expect((await membersOf(concatBytes([...pieces, endMark]))).size).toBe(20_000);
  });

  const refused: readonly (readonly [string, readonly RawMember[], string])[] = [
    ["a name that leads out", [{ name: "../../etc/passwd", content: "x" }], '"../../etc/passwd" leads out of its directory'],
    ["a name that leads out and in again", [{ name: "a/../b", content: "x" }], "leads out of its directory"],
    ["a directory that leads out", [{ name: "../", type: "5" }], "leads out of its directory"],
    ["an absolute name", [{ name: "/etc/passwd", content: "x" }], "absolute name"],
    ["an absolute name of pax", [paxMember({ path: "/etc/passwd" }), { name: "a" }], "absolute name"],
    ["a link out", [{ name: "a/b", type: "2", link: "../../x" }], "leads out of the archive"],
    ["an absolute link", [{ name: "a/b", type: "2", link: "/etc/passwd" }], "leads out of the archive"],
    ["a hard link out", [{ name: "a/b", type: "1", link: "../x" }], "leads out of its directory"],
    [
      "a name given twice",
      [
        { name: "a", content: "1" },
        { name: "./a", content: "2" },
      ],
      '"a" stands a second time',
    ],
    ["a device", [{ name: "sda", type: "4" }], '"sda" is a device'],
    ["a terminal", [{ name: "tty", type: "3" }], '"tty" is a device'],
    ["a pipe", [{ name: "p", type: "6" }], '"p" is a pipe'],
    ["a sparse file of GNU", [{ name: "s", type: "S" }], '"s" is a sparse file'],
    ["a sparse file of pax", [paxMember({ "GNU.sparse.major": "1" }), { name: "s" }], "sparse file"],
    ["an unknown type", [{ name: "z", type: "Z" }], 'of the unknown type "Z"'],
    ["a file without a name", [{ name: "./", prefix: "", content: "x", change: (block) => block.set([0], 0) }], "has no name"],
    [
      "a wrong checksum",
      [
        { name: "a", content: "1" },
        { name: "b", sealed: true, change: (block) => void (block[0] = 0x63) },
      ],
      "the archive is damaged",
    ],
    ["a size that is no number", [{ name: "a", size: "12x\0" }], "is no number"],
    ["a negative size", [{ name: "a", size: new Uint8Array(12).fill(0xff) }], "negative or too large"],
    ["a size beyond every number", [{ name: "a", size: Uint8Array.from([0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }], "negative or too large"],
    ["a size of pax that is no number", [paxMember({ size: "1e3" }), { name: "a" }], "is no number"],
    ["a pax record of a wrong length", [{ name: "x", type: "x", content: "99 path=a\n" }, { name: "a" }], "pax record is damaged"],
    ["a pax record without value", [{ name: "x", type: "x", content: "8 path/\n" }, { name: "a" }], "pax record has no value"],
    ["a NUL in a name of pax", [paxMember({ path: "a\0b" }), { name: "a" }], "NUL"],
    ["a name for all members", [paxMember({ path: "a" }, "g"), { name: "a" }], "a header for all members names one"],
    ["a name that is not UTF-8", [{ name: "", change: (block) => block.set([0xc3, 0x28], 0) }], "not valid UTF-8"],
    ["a header of 2 MiB", [{ name: "x", type: "x", size: "00010000000\0" }], "more than 1048576"],
    ["a name of 5000 characters", [paxMember({ path: "n".repeat(5000) }), { name: "a" }], "more than 4096"],
  ];
  for (const [fault, members, message] of refused) {
    it(`refuses ${fault} (GHSA-8xwf-rjm4-xvhv, GHSA-fxhp-mv3v-67qp, GHSA-m37j-52j7-pjw7, CVE-2026-23745, CVE-2026-23950, CVE-2026-24842, CVE-2026-26960, CVE-2026-29786, CVE-2026-31802)`, async () => {
      const failure = membersOf(rawTar(...members));
      await expect(failure).rejects.toEqual(expect.objectContaining({ code: "INVALID", message: expect.stringContaining(message) }));
      await expect(failure).rejects.toThrow(/^Cannot read "x\.tar": at byte \d+ [^\n]+$/);
    });
  }

  it("refuses an archive cut off anywhere", async () => {
    const archive = rawTar(paxMember({ path: long }), { name: "a", content: "x".repeat(1000) }, { name: "b", content: "y" });
    for (let length = 0; length < archive.length - 512; length += 100)
      await expect(membersOf(archive.slice(0, length))).rejects.toEqual(expect.objectContaining({ code: "INVALID" }));
  });

  it("refuses a size that leads behind the end", async () => {
    await expect(membersOf(rawTar({ name: "a", content: "1", size: "00777777777\0" }))).rejects.toThrow("it is cut off");
  });

  it("refuses names of more than 32 MiB together", async () => {
    const members = [...Array(9000).keys()].flatMap((at) => [rawMember(paxMember({ path: `${at}/${"n".repeat(4000)}` })), rawMember({ name: "a" })]);
    await expect(membersOf(concatBytes([...members, endMark]))).rejects.toEqual(expect.objectContaining({ code: "LIMIT" }));
  });
});
