import { beforeAll, describe, expect, test } from "bun:test";
import { createHelpers } from "../../src/core/auth/mod.ts";
import { explain, isOciError, type OciError } from "../../src/core/base/mod.ts";
import type { Run } from "../../src/core/port/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { nothing, useHelpers } from "../helper/credential-helper.ts";

let run: Run;
beforeAll(async () => {
  run = (await currentHost()).run;
});
const helper = useHelpers();
const use = (name: string, server = "ghcr.io") => ({ name, server, path: "/auth.json" });
const failure = async (action: Promise<unknown>): Promise<OciError> => {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isOciError(error)) return error;
  throw new Error(`no OciError: ${error}`);
};

describe("createHelpers() get()", () => {
  test("sends the server and takes user name and secret", async () => {
    helper.write("good", `echo '{"ServerURL":"ghcr.io","Username":"me","Secret":"s:é\\""}'`);
    expect(await createHelpers(run).get(use("good"))).toEqual({ username: "me", password: 's:é"' });
    expect(helper.calls()).toEqual(["get ghcr.io"]);
  });

  test("takes the secret of the user <token> for an identity token", async () => {
    helper.write("token", `echo '{"Username":"<token>","Secret":"refresh"}'`);
    expect(await createHelpers(run).get(use("token"))).toEqual({ username: "", password: "", identityToken: "refresh" });
  });

  test("takes the message of the protocol, on either stream, and empty texts for nothing", async () => {
    helper.write("out", `echo "${nothing}"; exit 1`);
    helper.write("err", `echo "${nothing}" >&2; exit 1`);
    helper.write("empty", `echo '{"Username":"","Secret":""}'`);
    for (const name of ["out", "err", "empty"]) expect(await createHelpers(run).get(use(name))).toBe(undefined);
  });

  test("asks once for a server, at the same time and later, and again for another server", async () => {
    helper.write("once", `echo '{"Username":"me","Secret":"p"}'`);
    const helpers = createHelpers(run);
    await Promise.all(Array.from({ length: 20 }, () => helpers.get(use("once"))));
    await helpers.get(use("once"));
    await helpers.get(use("once", "quay.io"));
    expect(helper.calls()).toEqual(["get ghcr.io", "get quay.io"]);
  });

  const broken: Readonly<Record<string, readonly [script: string, says: string]>> = {
    "that fails": ["echo CANARY; echo CANARY >&2; exit 3", "it ended with status 3"],
    "that says it has nothing and more": [`echo "${nothing}"; echo CANARY; exit 1`, "it ended with status 1"],
    "that prints junk": ["echo CANARY", "its answer is not JSON"],
    "that prints nothing": [":", "its answer is not JSON"],
    "that leaves the secret out": [`echo '{"Username":"CANARY"}'`, "its answer is not JSON"],
    "whose secret is no text": [`echo '{"Username":"CANARY","Secret":{"CANARY":1}}'`, "its answer is not JSON"],
    "that prints without end": ["yes CANARY", "printed more than 64 KiB"],
    "that does not end": ["sleep 60", "it took longer than 60 s"],
  };
  for (const [what, [script, says]] of Object.entries(broken)) {
    test(`fails for a helper ${what}, names it and shows nothing of what it printed (CVE-2021-41092)`, async () => {
      helper.write("broken", script);
      const quick: Run = (command, options) => run(command, script.startsWith("sleep") ? { ...options, timeout: 50 } : options);
      const error = await failure(createHelpers(quick).get(use("broken")));
      expect(error.code).toBe("DENIED");
      expect(error.message).toContain('Cannot ask credential helper "docker-credential-broken" named in "/auth.json" about "ghcr.io": ');
      expect(error.message).toContain(says);
      expect(explain(error).join()).not.toContain("CANARY");
    });
  }

  test("fails for a helper that is not there", async () => {
    const error = await failure(createHelpers(run).get(use("ocidex-missing")));
    expect([error.code, error.message.split(": ").at(-1)]).toEqual(["DENIED", "there is no such command"]);
  });

  for (const name of ["../evil", "a/b", "a\\b", "", "x y", "$(evil)", "a;b", "a\nb", "a\0b"]) {
    test(`starts nothing for the name ${JSON.stringify(name)}`, async () => {
      const error = await failure(createHelpers(() => Promise.reject(new Error("it was started"))).get(use(name)));
      expect(error.code).toBe("INVALID");
      expect(error.message).toContain("is not the name of a credential helper");
    });
  }

  test("ends with the reason of its signal", async () => {
    const reason = new Error("enough");
    helper.write("slow", "sleep 60");
    const controller = new AbortController();
    const asking = createHelpers(run, { signal: controller.signal }).get(use("slow"));
    controller.abort(reason);
    await expect(asking).rejects.toBe(reason);
  });
});

describe("createHelpers() store() and erase()", () => {
  test("keep credentials and forget them", async () => {
    helper.keychain("chain");
    const helpers = createHelpers(run);
    expect(await helpers.get(use("chain"))).toBe(undefined);
    await helpers.store(use("chain"), { username: "me", password: "s" });
    expect(await helpers.get(use("chain"))).toEqual({ username: "me", password: "s" });
    await helpers.store(use("chain"), { username: "", password: "", identityToken: "t" });
    expect(await helpers.get(use("chain"))).toEqual({ username: "", password: "", identityToken: "t" });
    expect([await helpers.erase(use("chain")), await helpers.erase(use("chain"))]).toEqual([true, false]);
    expect(await helpers.get(use("chain"))).toBe(undefined);
    expect(helper.calls()[1]).toBe('store {"ServerURL":"ghcr.io","Username":"me","Secret":"s"}');
  });

  test("fail with a helper that fails", async () => {
    helper.write("broken", "echo CANARY; exit 1");
    const helpers = createHelpers(run);
    const credentials = { username: "me", password: "CANARY" };
    for (const action of [() => helpers.store(use("broken"), credentials), () => helpers.erase(use("broken"))]) {
      const error = await failure(action());
      expect(error.code).toBe("DENIED");
      expect(explain(error).join()).not.toContain("CANARY");
    }
  });
});
