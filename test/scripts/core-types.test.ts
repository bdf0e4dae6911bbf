import { describe, expect, it } from "bun:test";
import { checkCoreTypes } from "../../scripts/core-types.ts";
import budget from "../../scripts/size.json" with { type: "json" };
import { measureBundle } from "../../scripts/size.ts";

describe("checkCoreTypes()", () => {
  it("finds a core that needs no runtime's types", () => {
    expect(checkCoreTypes()).toBe("");
  });
});

describe("measureBundle()", () => {
  for (const [entry, limit] of Object.entries(budget)) {
    it(`finds ${entry} within its budget for a browser`, async () => {
      expect(await measureBundle(entry)).toBeLessThanOrEqual(limit);
    });
  }
});
