import { describe, expect, it } from "bun:test";
import { normaliseListName } from "../../src/core/store/mod.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("normaliseListName()", () => {
  it.each([
    ["foo", "localhost/foo:latest"],
    ["foo:1.0", "localhost/foo:1.0"],
    ["foo/bar", "localhost/foo/bar:latest"],
    ["localhost/foo", "localhost/foo:latest"],
    ["localhost:5000/foo", "localhost:5000/foo:latest"],
    ["quay.io/me/foo", "quay.io/me/foo:latest"],
    ["docker.io/foo", "docker.io/library/foo:latest"],
    ["docker.io/me/foo:x", "docker.io/me/foo:x"],
    [`foo@${digest}`, `localhost/foo@${digest}`],
    [`foo:tag@${digest}`, `localhost/foo:tag@${digest}`],
    ["a".repeat(64), `localhost/${"a".repeat(64)}:latest`],
    ["foo:Tag", "localhost/foo:Tag"],
  ])("completes %s to %s", (text, name) => {
    expect(normaliseListName(text)).toBe(name);
    expect(normaliseListName(name)).toBe(name);
  });

  it.each([
    ["Foo", "must be lower case"],
    ["Foo/bar", "must be lower case"],
    ["", "a component of the name is empty"],
    ["foo:", "is not a tag"],
    ["foo@sha256:ab", "what stands behind @ is not a digest"],
    ["docker://example.com/foo", "is not a host name"],
    ["../foo", "is not a host name"],
    ["foo/../bar", "must begin and end with a letter or digit"],
    ["foo bar", "holds characters a name cannot have"],
  ])("refuses %j", (text, message) => {
    expect(() => normaliseListName(text)).toThrow(message);
  });
});
