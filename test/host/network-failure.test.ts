import { describe, expect, it } from "bun:test";
import { NetworkError } from "../../src/core/base/mod.ts";
import { networkError } from "../../src/host/network-failure.ts";

describe("networkError()", () => {
  it.each(["EACCES", "EPERM"])("knows by %s what the system does not allow this user", (code) => {
    const error = networkError("/run/x.sock", Object.assign(new Error(`connect ${code} /run/x.sock`), { code }));
    expect(error.message).toBe(`Cannot reach "/run/x.sock": this user may not connect to it (${code})`);
    expect(error instanceof NetworkError && error.reason).toBe("forbidden");
  });
});
