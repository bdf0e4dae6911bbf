import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { startRegistry, type TestRegistry } from "../helper/registry.ts";
import { authority, otherIdentity } from "../helper/tls.ts";
import { type TunnelProxy, tunnelTo } from "../helper/tunnel.ts";
import { sampleLayout } from "./containers.ts";
import { programs, Scratch } from "./helper.ts";
import { type Measured, start } from "./process.ts";

const scratch = new Scratch();
const layout = scratch.join("samples");
const trust = scratch.join("certificates");
let registry: TestRegistry;
let proxy: TunnelProxy;

beforeAll(async () => {
  await sampleLayout(layout);
  mkdirSync(trust);
  writeFileSync(`${trust}/ca.crt`, authority);
  registry = await startRegistry({ tls: { cert: otherIdentity.certificate, key: otherIdentity.key } });
  proxy = await tunnelTo(registry.host);
});
afterAll(async () => {
  await Promise.all([registry.stop(), proxy.close()]);
  scratch[Symbol.dispose]();
});

for (const kind of ["executable", "npm bundle"] as const) {
  /** Makes a list in a registry of which nobody but the proxy knows where it is. */
  const create = (variables: Readonly<Record<string, string>>): Promise<Measured> => {
    proxy.asked.length = 0;
    const nobody = Object.fromEntries(
      ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()].map((each) => [each, ""])),
    );
    const env = { ...nobody, OCIDEX_ROOT: scratch.join("store"), HOME: scratch.join("home"), XDG_CACHE_HOME: scratch.join("cache"), ...variables };
    const flags = ["--cert-dir", trust, "--no-cache"];
    return start([...programs[kind], "manifest", "create", ...flags, `docker://registry.example/${kind.replace(" ", "-")}:1`, `oci:${layout}:amd64`], { env })
      .ended;
  };

  describe(`the ${kind} behind a proxy`, () => {
    for (const [name, scheme] of [
      ["HTTPS_PROXY", "http://me:secret@"],
      ["all_proxy", "me:secret@"],
    ] as const)
      it(`reaches a registry with ${name}, as the user it names`, async () => {
        const { status, stderr } = await create({ [name]: `${scheme}${proxy.host}` });
        expect([status, stderr]).toEqual([0, ""]);
        expect(new Set(proxy.asked)).toEqual(new Set(["CONNECT registry.example:443"]));
        expect(proxy.users.at(-1)).toBe(`Basic ${btoa("me:secret")}`);
        expect(registry.repository(kind.replace(" ", "-")).tags.size).toBe(1);
      });

    for (const [name, value] of [
      ["NO_PROXY", "other.example,.example"],
      ["no_proxy", "registry.example:443"],
    ] as const)
      it(`does not ask it where ${name} is ${value}`, async () => {
        const { status, stderr } = await create({ HTTPS_PROXY: `http://${proxy.host}`, [name]: value });
        expect([status, proxy.asked]).toEqual([125, []]);
        expect(stderr).toContain('Cannot reach "registry.example"');
      });

    it("never asks it for this machine", async () => {
      const env = { OCIDEX_ROOT: scratch.join("store"), HOME: scratch.join("home"), ALL_PROXY: `http://${proxy.host}` };
      proxy.asked.length = 0;
      const { status } = await start([...programs[kind], "manifest", "exists", "--tls-verify=false", `docker://${registry.host}/none:1`], { env }).ended;
      expect([status, proxy.asked]).toEqual([1, []]);
    });
  });
}
