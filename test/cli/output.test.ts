import { describe, expect, test } from "bun:test";
import { createOutput } from "../../src/cli/output.ts";
import { memoryHost } from "../../src/host/memory.ts";

describe("createOutput()", () => {
  test("keeps order and makes control characters in lines visible (CVE-2021-21303, CVE-2021-25743)", async () => {
    const host = memoryHost();
    const output = createOutput(host.terminal, host.environment);
    output.line("a\u001b[2J\tb");
    output.line("c");
    await output.flush();
    expect(host.output()).toBe("a\\x1b[2J\\x09b\nc\n");
  });

  test("writes JSON that stays the same value and cannot steer a terminal", async () => {
    const host = memoryHost();
    const output = createOutput(host.terminal, host.environment);
    const value = { name: "a\u009b31m\u202e\u{e0001}\u001b" };
    output.json(value);
    await output.flush();
    expect(host.output()).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(host.output())).toEqual(value);
  });

  test("gives a text to a pipe as it is, and to a terminal without control characters", async () => {
    const host = memoryHost();
    const piped = createOutput(host.terminal, host.environment);
    piped.text("a\u009b\n b");
    const shown = createOutput({ ...host.terminal, outputIsTerminal: true }, host.environment);
    await piped.flush();
    shown.text("a\u009b\n b");
    await shown.flush();
    expect(host.output()).toBe("a\u009b\n ba\\x9b\n b");
  });

  test("drops results quietly when the reader has gone, and goes on with notices", async () => {
    const host = memoryHost();
    let writes = 0;
    const gone = { ...host.terminal, write: async () => ++writes < 2 };
    const output = createOutput(gone, host.environment);
    for (const line of ["1", "2", "3", "4"]) output.line(line);
    output.note("still here");
    await output.flush();
    expect([writes, host.errors()]).toEqual([2, "still here\n"]);
  });

  test("draws live lines anew above nothing else, and keeps notices above them", async () => {
    const host = memoryHost();
    const output = createOutput({ ...host.terminal, errorsAreTerminal: true }, host.environment);
    output.live(["one", "two"]);
    output.note("note");
    output.live(["three"]);
    await output.flush();
    expect(host.errors()).toBe("one\ntwo\n\u001b[2A\r\u001b[Jnote\none\ntwo\n\u001b[2A\r\u001b[Jthree\n\u001b[1A\r\u001b[J");
  });

  test("draws nothing live where standard error is no terminal or a dumb one", async () => {
    const host = memoryHost({ variables: { TERM: "dumb" } });
    for (const terminal of [host.terminal, { ...host.terminal, errorsAreTerminal: true }]) {
      const output = createOutput(terminal, host.environment);
      output.live(["one"]);
      await output.flush();
    }
    expect(host.errors()).toBe("");
  });

  test("says only what the level allows", async () => {
    const host = memoryHost();
    const output = createOutput(host.terminal, host.environment, { level: "info" });
    output.log("debug", "debug");
    output.log("info", "info");
    output.warn("warn");
    await output.flush();
    expect(host.errors()).toBe("info\nWarning: warn\n");
  });
});
