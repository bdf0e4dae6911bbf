import { describe, expect, test } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { readCertificates } from "../../src/core/settings/mod.ts";
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

  test("names a directory that is not there", async () => {
    await expect(readCertificates(await filesWith([]), "/other")).rejects.toThrow('Cannot use certificate directory "/other": no such directory');
  });
});
