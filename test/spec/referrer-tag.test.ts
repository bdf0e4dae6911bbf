import { describe, expect, test } from "bun:test";
import { cosignTags, referrersTag } from "../../src/core/spec/mod.ts";
import { sha256 } from "../helper/registry.ts";

describe("referrersTag()", () => {
  test("is the digest with a hyphen", () => expect(referrersTag(sha256("x"))).toBe(sha256("x").replace(":", "-")));
  test("cuts algorithm and digits", () => expect(referrersTag(sha256("x", "sha512"))).toBe(sha256("x", "sha512").replace(":", "-").slice(0, 71)));
  test("replaces what a tag cannot hold", () => expect(referrersTag("a+b:x=y")).toBe("a-b-x-y"));
});

describe("cosignTags()", () => {
  test("are the digest with a hyphen and what it is", () => {
    const digest = sha256("x").replace(":", "-");
    expect(cosignTags(sha256("x"))).toEqual([`${digest}.sig`, `${digest}.att`, `${digest}.sbom`]);
  });
  test("are none where the digest is too long for a tag", () => expect(cosignTags(sha256("x", "sha512"))).toEqual([]));
});
