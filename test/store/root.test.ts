import { describe, expect, it } from "bun:test";
import { findStoreRoot } from "../../src/core/store/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";

const home = "/home/me";

describe("findStoreRoot()", () => {
  it.each([
    ["/given", { OCIDEX_ROOT: "/own", XDG_DATA_HOME: "/data" }, "linux", "/given/ocidex"],
    [undefined, { OCIDEX_ROOT: "/own", XDG_DATA_HOME: "/data" }, "linux", "/own"],
    [undefined, { XDG_DATA_HOME: "/data" }, "linux", "/data/ocidex"],
    [undefined, { XDG_DATA_HOME: "relative" }, "linux", "/home/me/.local/share/ocidex"],
    [undefined, {}, "linux", "/home/me/.local/share/ocidex"],
    [undefined, {}, "darwin", "/home/me/Library/Application Support/ocidex"],
    [undefined, { LOCALAPPDATA: "/local" }, "windows", "/local/ocidex"],
    [undefined, {}, "windows", "/home/me/AppData/Local/ocidex"],
  ])("with root %s and %j on %s is %s", (root, variables, os, expected) => {
    expect(findStoreRoot(memoryHost({ variables, environment: { os, home } }), root)).toBe(expected);
  });

  it("says what to do where there is no home directory", () => {
    expect(() => findStoreRoot(memoryHost())).toThrow("there is no home directory; set OCIDEX_ROOT or give a root");
  });
});
