import { describe, expect, it } from "bun:test";
import { createRecent } from "../../../src/core/transport/registry/recent.ts";
import { testClock } from "../../helper/clock.ts";

describe("createRecent()", () => {
  it("forgets after a minute, or when told so", async () => {
    const clock = testClock();
    const recent = createRecent(clock);
    recent.add("a");
    recent.add("b");
    recent.delete("b");
    expect([recent.has("a"), recent.has("b"), recent.has("c")]).toEqual([true, false, false]);
    await clock.sleep(60_000);
    expect(recent.has("a")).toBe(false);
  });
});
