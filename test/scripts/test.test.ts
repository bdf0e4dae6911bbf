import { describe, expect, it } from "bun:test";
import { countBun, countDeno, countNode, printedBy, runsOn } from "../../scripts/test.ts";

describe("runsOn()", () => {
  it("runs the core's tests everywhere and the program's on Bun", () => {
    expect(["bun", "node", "deno"].map((runtime) => runsOn("test/spec/digest.test.ts", runtime as "bun"))).toEqual([true, true, true]);
    expect(["bun", "node", "deno"].map((runtime) => runsOn("test/cli/flags.test.ts", runtime as "bun"))).toEqual([true, false, false]);
  });

  it("runs a test named after a runtime there only", () => {
    expect(["bun", "node", "deno"].map((runtime) => runsOn("test/host/host.deno.test.ts", runtime as "bun"))).toEqual([false, false, true]);
  });
});

const bunReport =
  '<testsuites name="bun test" tests="9" assertions="9" failures="1" skipped="2" time="0.05">\n  <testsuite name="a" tests="9" failures="1" skipped="2">';
const tap = "TAP version 13\n# Subtest: a\nok 1 - a\n1..4\n# tests 10\n# suites 2\n# pass 6\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n";
const denoReport = `<testsuites name="deno test" tests="5" failures="2">
<testcase name="outer ▸" classname="x" time="0.054" line="57" col="60">
  <failure message="1 test step failed">1 test step failed.</failure>
</testcase>
<testcase name="outer ▸ &gt; one" classname="x" time="0.003" line="1" col="1">
</testcase>
<testcase name="outer ▸ &gt; two" classname="x" time="0.003" line="1" col="1">
  <failure message="no">no</failure>
</testcase>
<testcase name="top" classname="x" time="0.003" line="1" col="1">
  <skipped/>
</testcase>
</testsuites>`;

describe("countBun()", () => {
  it("reads the sums of the report", () => {
    expect(countBun(bunReport, { status: 1, output: "" })).toEqual({ runtime: "bun", passed: 6, failed: 1, skipped: 2 });
  });

  it("counts a file that broke while it was loaded", () => {
    expect(countBun(bunReport, { status: 1, output: "x\n# Unhandled error between tests\n---\n" }).failed).toBe(2);
  });

  it("counts a run without a report as failed", () => {
    expect(countBun("", { status: 139, output: "" })).toEqual({ runtime: "bun", passed: 0, failed: 1, skipped: 0 });
  });

  it("counts a run of no test as failed though it ended well", () => {
    expect(countBun('<testsuites tests="0" failures="0" skipped="0">', { status: 0, output: "" }).failed).toBe(1);
  });
});

describe("countNode()", () => {
  it("reads the sums of the report; a cancelled test has failed", () => {
    expect(countNode(tap, { status: 1, output: "" })).toEqual({ runtime: "node", passed: 6, failed: 2, skipped: 2 });
  });

  it("counts a run that ends badly as failed though no test did", () => {
    expect(countNode("# pass 3\n# fail 0\n", { status: 1, output: "" })).toEqual({ runtime: "node", passed: 3, failed: 1, skipped: 0 });
  });
});

describe("countDeno()", () => {
  it("leaves groups out", () => {
    expect(countDeno(denoReport, { status: 1, output: "" })).toEqual({ runtime: "deno", passed: 1, failed: 1, skipped: 1 });
  });

  it("counts a file that broke while it was loaded", () => {
    expect(countDeno(denoReport, { status: 1, output: "Uncaught error from ./test/a.test.ts FAILED\n" }).failed).toBe(2);
  });
});

describe("printedBy()", () => {
  it("leaves of bun's output what the tests said", () => {
    const output =
      "bun test v1.4.5 (a7733435c)\n\ntest/real/a.test.ts:\n2 GiB, most memory: 48 MiB\n\n 87 pass\n 0 fail\n 732 expect() calls\nRan 87 tests across 2 files. [1.00s]\n";
    expect(printedBy(output)).toEqual(["2 GiB, most memory: 48 MiB"]);
  });
});
