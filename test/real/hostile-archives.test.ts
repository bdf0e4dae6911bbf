import { describe, expect, it } from "bun:test";
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { constants, gzipSync } from "node:zlib";
import { concatBytes } from "../../src/core/base/mod.ts";
import { endMark, paxMember, type RawMember, rawMember, rawTar } from "../helper/tar.ts";
import { digestOf } from "./containers.ts";
import { must } from "./helper.ts";
import { type Fault, gibibyte, mebibyte, setTrap } from "./trap.ts";

/*
 * Files made to do harm. Each is refused in one sentence with 125, at the latest when its content is pushed; nothing is written
 * but the store, and the memory stays within bounds.
 */

const { place, samples, outside, watch, expectRefused, refuses } = setTrap("hostile archives");

const write = (...pieces: readonly (string | Uint8Array)[]): void => writeFileSync(place, Buffer.concat(pieces.map((piece) => Buffer.from(piece))));
const members =
  (...list: readonly RawMember[]) =>
  (): void =>
    write(rawTar(...list));

/** Appends so many zeros as gzip, in members of 64 MiB: 10 GiB are 10 MiB. */
function appendZeros(pack: Pack, size: number): void {
  const zeros = pack(new Uint8Array(64 * mebibyte));
  for (let at = 0; at < size; at += 64 * mebibyte) appendFileSync(place, zeros);
}

const gzip = (bytes: Uint8Array<ArrayBuffer>): Uint8Array => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
const octal = (size: number): string => `${size.toString(8).padStart(11, "0")}\0`;

/** Writes `head`, then a member of 8 GiB less a block that is a hole. */
function hole(name: string, head: Uint8Array): void {
  write(head, rawMember({ name, size: octal(8 * gibibyte - 512) }).slice(0, 512));
  truncateSync(place, head.length + 8 * gibibyte + 1024);
}

/** Said of the size alone: nothing of it is read. */
const tooLarge = "8589934080 bytes are more than 4194304";

/** Faults of a tar archive, whatever it should hold. */
const archives: readonly Fault[] = [
  { what: "a name that leads out", make: members({ name: "../outside", content: "x" }), says: '"../outside" leads out of its directory' },
  { what: "an absolute name", make: members({ name: outside, content: "x" }), says: "is an absolute name, which leads out of the archive" },
  { what: "an absolute name in a pax header", make: members(paxMember({ path: "/etc/x" }), { name: "a", content: "x" }), says: "is an absolute name" },
  {
    what: "a link that leads out",
    make: members({ name: "index.json", type: "2", link: "../outside" }),
    says: 'a link to "../outside", which leads out of the archive',
  },
  { what: "a hard link that leads out", make: members({ name: "index.json", type: "1", link: "../outside" }), says: '"../outside" leads out of its directory' },
  { what: "a name given twice", make: members({ name: "a", content: "1" }, { name: "a", content: "2" }), says: '"a" stands a second time' },
  { what: "a device", make: members({ name: "sda", type: "4" }), says: '"sda" is a device' },
  { what: "a file that is larger than the archive", make: members({ name: "index.json", size: octal(gibibyte), content: "x" }), says: "it is cut off" },
  {
    what: "a file that is larger than its header says",
    make: members({ name: "index.json", size: octal(512), content: "x".repeat(2000) }),
    says: "at byte 1024 there is no header of a tar archive",
  },
  {
    what: "an archive cut off in a header",
    make: () => write(rawMember({ name: "a", content: "x" }), rawMember({ name: "b" }).slice(0, 200)),
    says: "cut off",
  },
  { what: "an archive without its end", make: () => write(rawMember({ name: "a", content: "x" })), says: "it ends before its end mark" },
  {
    what: "a gzip cut off",
    make: () => write(gzip(rawTar({ name: "a", content: crypto.getRandomValues(new Uint8Array(60_000)) })).slice(0, 30_000)),
    says: "gzip data is damaged or cut off",
  },
  { what: "a text", make: () => write("hello ".repeat(500)), says: "the file is something else" },
];

type Pack = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;
const packers: readonly (readonly [format: string, pack: Pack])[] = [
  ["gzip", gzip],
  ["zstd", (bytes) => Bun.zstdCompressSync(bytes)],
];

for (const transport of ["oci-archive", "docker-archive"] as const) {
  describe(`${transport}: that is hostile`, () => {
    refuses(archives, `${transport}:${place}`);

    for (const [format, pack] of transport === "oci-archive" ? packers : packers.slice(0, 1)) {
      it(`refuses 10 GiB of zeros as ${format} at once`, async () => {
        const make = (): void => appendZeros(pack, 10 * gibibyte);
        expect((await expectRefused({ what: "", make, says: "begins with zeros" }, `${transport}:${place}`)).disk).toBeLessThan(mebibyte);
      });

      it(`refuses a file of 10 GiB of zeros as ${format} before it fills the disk`, async () => {
        const make = (): void => {
          write(pack(Uint8Array.from(rawMember({ name: "index.json", size: `${(10 * gibibyte).toString(8)}\0` }))));
          appendZeros(pack, 10 * gibibyte);
        };
        const says = "unpack it yourself if it is to be trusted";
        expect((await expectRefused({ what: "", make, says }, `${transport}:${place}`)).disk).toBeLessThan(1024 * mebibyte);
      });
    }

    it("of 10^5 members is looked through, and read", async () => {
      const many = concatBytes([...Array(100_000).keys()].map((at) => rawMember({ name: `blobs/sha256/${String(at).padStart(64, "0")}`, content: "x" })));
      const fault: Fault = {
        what: "",
        make: () => write(many, endMark),
        says: transport === "oci-archive" ? 'it has no file "oci-layout"' : "the archive has no manifest.json",
      };
      await expectRefused(fault, `${transport}:${place}`);
      if (transport === "docker-archive") return;
      write(many, endMark);
      must(["tar", "-C", samples, "-rf", place, "oci-layout", "index.json", "blobs"]);
      expect((await watch("inspect", `oci-archive:${place}:amd64`)).status).toBe(0);
    });
  });
}

describe("oci-archive: of a layout that is hostile", () => {
  refuses(
    [
      {
        what: "an index.json of 8 GiB that is a hole",
        make: () => hole("index.json", rawMember({ name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' })),
        says: tooLarge,
      },
      {
        what: "links in a circle",
        make: members({ name: "index.json", type: "2", link: "oci-layout" }, { name: "oci-layout", type: "2", link: "index.json" }),
        says: "more than 10 links lead on from",
      },
    ],
    `oci-archive:${place}`,
  );
});

describe("docker-archive: of an image that is hostile", () => {
  const config = (diffIds: readonly string[]): string => JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds } });
  const saved = (image: object): RawMember => ({ name: "manifest.json", content: JSON.stringify([{ Config: "c.json", RepoTags: [], Layers: [], ...image }]) });
  const right = digestOf(Buffer.from("layer"));
  const image = (layer: RawMember): Fault["make"] => members(saved({ Layers: ["l"] }), { name: "c.json", content: config([right]) }, layer);
  refuses(
    [
      { what: "a config outside", make: members(saved({ Config: "../outside" })), says: "the archive does not hold it" },
      { what: "a config with an absolute name", make: members(saved({ Config: outside })), says: "the archive does not hold it" },
      {
        what: "a layer outside",
        make: members(saved({ Layers: ["../outside"] }), { name: "c.json", content: config([right]) }),
        says: "the archive does not hold it",
      },
      { what: "a layer that is a link in a circle", make: image({ name: "l", type: "2", link: "l" }), says: "more than 10 links lead on from" },
      {
        what: "a layer that is not what the config says",
        late: true,
        make: image({ name: "l", content: "other" }),
        says: /: expected sha256:[0-9a-f]{64}, received sha256:[0-9a-f]{64}\n$/,
      },
      { what: "a layer cut off", make: image({ name: "l", content: "layer", size: octal(gibibyte) }), says: "it is cut off" },
      {
        what: "layers that the config does not count",
        make: members(saved({ Layers: ["l", "l"] }), { name: "c.json", content: config([right]) }),
        says: "it names 1 layers, and the archive lists 2",
      },
      { what: "a config that is no JSON", make: members(saved({}), { name: "c.json", content: "{" }), says: "c.json" },
      {
        what: "10^5 images",
        make: members({ name: "manifest.json", content: JSON.stringify(Array(100_000).fill({ Config: "c.json" })) }),
        says: "it lists 100000 images, more than 10000",
      },
      { what: "a manifest.json of 8 GiB that is a hole", make: () => hole("manifest.json", new Uint8Array(0)), says: tooLarge },
    ],
    `docker-archive:${place}`,
  );
});
