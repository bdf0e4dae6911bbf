import { describe, expect, test } from "bun:test";
import type { Flag } from "../../src/cli/flags.ts";
import { readTokens, tableOf } from "../../src/cli/tokens.ts";

const flags: readonly Flag[] = [
  { name: "quiet", short: "q", type: "flag", description: "" },
  { name: "format", short: "f", type: "text", description: "", aliases: ["form"] },
  { name: "wait", short: "w", type: "duration", bare: "1m", description: "" },
];

/** Returns the pieces in short: `typed` or `typed=value` of a flag, a positional as it is with its place behind. */
function read(...argv: readonly string[]): readonly string[] {
  return readTokens(tableOf(flags), argv).map((token) => {
    if (token.kind === "positional") return `${token.value}@${token.at}`;
    return `${token.flag?.name ?? "?"} ${token.typed}${token.value === undefined ? "" : `=${token.value}`}`;
  });
}

describe("readTokens()", () => {
  test("lets flags and positionals mix, and a long flag take the next word or what is behind =", () => {
    expect(read("a", "--format", "oci", "b", "--form=x=y", "--format=")).toEqual([
      "a@0",
      "format --format=oci",
      "b@3",
      "format --form=x=y",
      "format --format=",
    ]);
  });

  test("lets no switch take the next word, and no flag that has a value for itself", () => {
    expect(read("--quiet", "true", "-q", "x", "--wait", "5s", "-w", "5s")).toEqual([
      "quiet --quiet",
      "true@1",
      "quiet -q",
      "x@3",
      "wait --wait",
      "5s@5",
      "wait -w",
      "5s@7",
    ]);
  });

  test("reads letters as a group up to the first that takes what is behind it", () => {
    expect(read("-qf", "oci")).toEqual(["quiet -qf", "format -f=oci"]);
    expect(read("-qfoci")).toEqual(["quiet -qfoci", "format -foci=oci"]);
    expect(read("-f=oci", "-q=false", "-qw=5s")).toEqual(["format -f=oci=oci", "quiet -q=false=false", "quiet -qw=5s", "wait -w=5s=5s"]);
    expect(read("-f=")).toEqual(["format -f==="]);
  });

  test("takes whatever the next word is for a value, -- too, and nothing where there is none", () => {
    expect(read("--format", "--", "-f", "-q", "-f")).toEqual(["format --format=--", "format -f=-q", "format -f"]);
  });

  test("takes what is behind -- and a lone - for positionals", () => {
    expect(read("-", "", "--", "-q", "--format")).toEqual(["-@0", "@1", "-q@3", "--format@4"]);
  });

  test("lets what is not declared take no word, and ends a group at it", () => {
    expect(read("--no", "x", "--no=x", "-qxf", "--=x", "---q=1")).toEqual(["? --no", "x@1", "? --no=x", "quiet -qxf", "? -xf", "? --=x", "? ---q=1"]);
  });
});
