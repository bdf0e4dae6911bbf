import { describe, expect, test } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { findCertificates, readCertificates } from "../../src/core/settings/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";

async function filesWith(names: readonly string[]): Promise<FileSystem> {
  const { files } = memoryHost();
  await files.makeDirectory("/certs");
  for (const name of names) {
    const writer = await files.create(`/certs/${name}`);
    await writer.write(encodeUtf8(`content of ${name}`));
    await writer.close();
  }
  return files;
}

describe("readCertificates()", () => {
  test("trusts every .crt and shows the pair of .cert and .key", async () => {
    const files = await filesWith(["a.crt", "b.crt", "client.cert", "client.key", "README"]);
    expect(await readCertificates(files, "/certs")).toEqual({
      authorities: ["content of a.crt", "content of b.crt"],
      certificate: "content of client.cert",
      key: "content of client.key",
    });
  });

  test("trusts nothing more for an empty directory", async () => {
    expect(await readCertificates(await filesWith([]), "/certs")).toEqual({ authorities: [] });
  });

  test("names the missing half of a pair", async () => {
    const [certificate, key] = [await filesWith(["client.cert"]), await filesWith(["client.key"])];
    await expect(readCertificates(certificate, "/certs")).rejects.toThrow("missing key client.key for client certificate client.cert");
    await expect(readCertificates(key, "/certs")).rejects.toThrow("missing client certificate client.cert for key client.key");
  });

  test("names the missing half of any pair, not of the first alone", async () => {
    const files = await filesWith(["a.cert", "a.key", "b.cert"]);
    await expect(readCertificates(files, "/certs")).rejects.toThrow("missing key b.key for client certificate b.cert");
  });

  test("names a directory that is not there", async () => {
    await expect(readCertificates(await filesWith([]), "/other")).rejects.toThrow('Cannot use certificate directory "/other": no such directory');
  });
});

describe("findCertificates()", () => {
  const places = [
    "/home/me/.config/containers/certs.d",
    "/etc/containers/certs.rootless.d/1000",
    "/etc/containers/certs.rootless.d",
    "/etc/containers/certs.d",
    "/usr/share/containers/certs.rootless.d/1000",
    "/usr/share/containers/certs.rootless.d",
    "/usr/share/containers/certs.d",
    "/etc/docker/certs.d",
  ];
  const find = (files: Readonly<Record<string, string>>, name: string, user = 1000) =>
    findCertificates(memoryHost({ files, environment: { home: "/home/me", user } }), name);

  for (const [at, place] of places.entries()) {
    test(`takes ${place} where there is nothing before it`, async () => {
      const files = Object.fromEntries(places.slice(at).map((each) => [`${each}/r.test/ca.crt`, each]));
      expect(await find(files, "r.test")).toEqual({ authorities: [place] });
    });
  }

  test("knows the directories of root", async () => {
    expect(await find({ "/etc/containers/certs.rootful.d/r.test/ca.crt": "root" }, "r.test", 0)).toEqual({ authorities: ["root"] });
  });

  test("takes the directory of this host with this port, and no other", async () => {
    const files = {
      "/etc/docker/certs.d/r.test:5000/ca.crt": "five",
      "/etc/docker/certs.d/[::1]:5000/ca.crt": "six",
      "/etc/containers/certs.d/other/ca.crt": "x",
    };
    expect(await find(files, "r.test:5000")).toEqual({ authorities: ["five"] });
    expect(await find(files, "[::1]:5000")).toEqual({ authorities: ["six"] });
    expect([await find(files, "r.test"), await find(files, "r.test:5001")]).toEqual([{}, {}]);
  });

  test("takes the first directory alone, and refuses half a pair in it", async () => {
    const files = { "/etc/containers/certs.d/r.test/client.cert": "c", "/etc/docker/certs.d/r.test/client.key": "k" };
    await expect(find(files, "r.test")).rejects.toThrow('Cannot use certificate directory "/etc/containers/certs.d/r.test": missing key client.key');
  });
});
