import { describe, expect, test } from "bun:test";
import { formatBytes, formatSeconds } from "../../src/cli/units.ts";
import { readDuration, readNumber, readSwitch } from "../../src/cli/values.ts";

test("readDuration() reads every unit of Go and nothing else", () => {
  expect(["1ns", "1us", "1µs", "1μs", "2ms", "3s", "1m", "1h30m", ".5s", "1.s"].map(readDuration)).toEqual([
    1e-6, 1e-3, 1e-3, 1e-3, 2, 3000, 60_000, 5_400_000, 500, 1000,
  ]);
  expect(["", "4", "s", "-1s", "1d", "1s ", "1 s", ".s", "1e3s"].map(readDuration)).toEqual(Array.from({ length: 9 }, () => undefined));
});

test("readNumber() reads whole numbers only", () => {
  expect(["0", "+3", "007", "", "1.5", "-1", "0x10", "1e3", "99999999999999999999"].map(readNumber)).toEqual([
    0,
    3,
    7,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("readSwitch() knows no yes and no", () => {
  expect(["T", "0", "yes", "no", "on", "", "tRUE"].map(readSwitch)).toEqual([true, false, undefined, undefined, undefined, undefined, undefined]);
});

describe("formatBytes() and formatSeconds()", () => {
  test("stay short from nothing to very much", () => {
    expect([0, 1023, 1024, 1_048_575, 1_048_576, 5e9, 2 ** 60].map(formatBytes)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.0 MiB",
      "1.0 MiB",
      "4.7 GiB",
      "1024.0 PiB",
    ]);
    expect([0, 0.44, 0.99, 59.4, 59.6, 125, 3600, 7380].map(formatSeconds)).toEqual(["0.0s", "0.4s", "1s", "59s", "1m00s", "2m05s", "1h00m", "2h03m"]);
  });
});
