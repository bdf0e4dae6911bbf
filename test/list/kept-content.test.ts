import { describe, expect, it } from "bun:test";
import { type ByteStream, readAll } from "../../src/core/base/mod.ts";
import { keepImage } from "../../src/core/list/kept-content.ts";
import { parseLocation } from "../../src/core/spec/mod.ts";
import { fillSource, openDesk } from "../helper/lists.ts";

describe("keepImage()", () => {
  it("gives a keeper nothing that holds the bytes of a manifest: they are read from the source whenever it asks", async () => {
    const { host, lists } = openDesk();
    const { amd64 } = await fillSource(host);
    const source = await lists.transports.source(parseLocation("oci:/src"));
    let readings = 0;
    const manifest: typeof source.manifest = (descriptor, options) => {
      readings++;
      return source.manifest(descriptor, options);
    };
    const opened = new Map<string, () => Promise<ByteStream>>();
    const put = async ({ digest }: { readonly digest: string }, open: () => Promise<ByteStream>) => {
      opened.set(digest, open);
      return "copied" as const;
    };
    await keepImage(lists, { put }, { descriptor: amd64.descriptor, source: { ...source, manifest } });
    const before = readings;
    const stream = await opened.get(amd64.descriptor.digest)?.();
    expect(stream && (await readAll(stream, { limit: 1 << 20, what: "it" }))).toEqual(amd64.bytes);
    expect(readings).toBe(before + 1);
  });
});
