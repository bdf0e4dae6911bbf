import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { formatFamiliar, formatReference, hasDomain, isTag, parseReference, withDefaultTag, withDigest } from "../../src/core/spec/mod.ts";
import { digest as anyDigest } from "../helper/arbitrary.ts";

const digest = `sha256:${"a".repeat(64)}` as const;
const component = fc.stringMatching(/^[a-z0-9]{1,4}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
const domain = fc.oneof(
  fc.constantFrom("docker.io", "localhost", "localhost:5000", "[::1]", "[fe80::1]:5000", "Registry", "127.0.0.1:80", "index.docker.io"),
  fc.stringMatching(/^[a-z0-9]{1,5}(?:-[a-z0-9]{1,3})?\.[a-z]{2,3}(?::[1-9][0-9]{0,3})?$/),
);
const referenceText = fc
  .tuple(
    fc.option(domain),
    fc.array(component, { minLength: 1, maxLength: 3 }),
    fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/)),
    fc.option(anyDigest),
  )
  .filter(([host, path]) => host !== null || path.length === 1 || !/[._]/.test(path[0] ?? ""))
  .map(([host, path, tag, pin]) => `${host === null ? "" : `${host}/`}${path.join("/")}${tag === null ? "" : `:${tag}`}${pin === null ? "" : `@${pin}`}`);

describe("parseReference()", () => {
  it.each([
    ["busybox", "docker.io/library/busybox"],
    ["busybox:1", "docker.io/library/busybox:1"],
    ["team/app", "docker.io/team/app"],
    ["docker.io/busybox", "docker.io/library/busybox"],
    ["index.docker.io/busybox", "docker.io/library/busybox"],
    ["localhost/app", "localhost/app"],
    ["localhost:5000/app:1", "localhost:5000/app:1"],
    ["localhost:5000", "docker.io/library/localhost:5000"],
    ["[::1]:5000/a/b", "[::1]:5000/a/b"],
    ["ghcr.io/a/b/c__d/e--f:V1.0_x-y", "ghcr.io/a/b/c__d/e--f:V1.0_x-y"],
    [`app:1@${digest}`, `docker.io/library/app:1@${digest}`],
    [`r.example/a@${digest}`, `r.example/a@${digest}`],
    ["HOST/app", "HOST/app"],
  ])("completes %j to %j", (text, expected) => expect(formatReference(parseReference(text))).toBe(expected));

  it.each([
    "",
    ":",
    "/",
    "a/",
    "/a",
    "a//b",
    "App",
    "r.io/App",
    "a:",
    "a:b c",
    `a:${"t".repeat(129)}`,
    "a:-x",
    "a@",
    "a@sha256:abc",
    `a@${digest}@${digest}`,
    "a___b",
    "a..b",
    "a._b",
    "-a",
    "a-",
    "_a",
    "a b",
    "a/../b",
    "r.io/..",
    "r.io/%2e%2e/x",
    "r.io/a?x=1",
    "r.io/a#x",
    "user@r.io/a",
    "user:password@r.io/a",
    "r.io:/a",
    "r.io:123456/a",
    "r.io:x/a",
    "r.io:99999/a",
    "0x7f.1/a",
    "127.1/a",
    "1.2.3.4.5/a",
    "256.1.1.1/a",
    "[::::]/a",
    "xn--a.io/a",
    "-r.io/a",
    "r-.io/a",
    "r..io/a",
    "[::1/a",
    "[::1]x:5/a",
    "http://r.io/a",
    "r.io\\evil/a",
    "r.io/a\n",
    "r.io/é",
    "r.io/\u0131",
    "r.io/a\0",
    "a:b:c",
    `r.io/${"a".repeat(251)}`,
  ])("refuses %j (CVE-2026-35206)", (text) => expect(() => parseReference(text)).toThrow("Cannot read image name"));

  it("inverts formatReference()", () => {
    fc.assert(
      fc.property(referenceText, (text) => {
        const reference = parseReference(text);
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
    );
  });

  it("reads 64 KiB of a worst case in one pass (mafintosh/docker-parse-image#3, dotnet/sdk-container-builds#387, spring-boot#39246, spring-boot#39617, docker-image-py#10, docker-image-py#12, rancher#7641, microsoft/security-devops-action#243)", () => {
    for (const part of ["a", "a-", "a.", "a/", "-", "a_", "__", "a:", ":", "@", "[", "A", "a__", "0-9"]) {
      expect(() => parseReference(`r.io/${part.repeat(65_536 / part.length)}!`)).toThrow("Cannot read image name");
      expect(() => parseReference(`${part.repeat(65_536 / part.length)}`)).toThrow("Cannot read image name");
    }
  });
});

describe("hasDomain()", () => {
  it("knows a host by a dot, a colon, its name or its capitals", () => {
    expect(["a.b/c", "a:1/c", "localhost/c", "Host/c"].every(hasDomain)).toBe(true);
    expect(["a/c", "a", "a.b", ""].some(hasDomain)).toBe(false);
  });
});

describe("isTag()", () => {
  it("keeps to the grammar of the specification", () => {
    expect(["latest", "1.0", "_x", "A-b.C", "t".repeat(128)].every(isTag)).toBe(true);
    expect(["", ".x", "-x", "a b", "a/b", "a:b", "é", "a\n", "t".repeat(129)].some(isTag)).toBe(false);
  });
});

describe("withDefaultTag()", () => {
  it("adds latest only where nothing is named", () => {
    expect(withDefaultTag(parseReference("a")).tag).toBe("latest");
    expect(withDefaultTag(parseReference("a:1")).tag).toBe("1");
    expect(withDefaultTag(parseReference(`a@${digest}`)).tag).toBeUndefined();
  });
});

describe("formatFamiliar()", () => {
  it("leaves out what docker leaves out, and nothing the name needs", () => {
    const shown = (text: string) => formatFamiliar(parseReference(text));
    for (const text of ["app", "app:1", `app@${digest}`, "me/app:1", "r.io:5000/library/app:1", "localhost/app"]) expect(shown(text)).toBe(text);
    expect(shown("docker.io/library/app:1")).toBe("app:1");
    expect(shown("docker.io/library/a.b")).toBe("a.b");
    expect(shown("docker.io/library/a/b")).toBe("library/a/b");
    expect(shown("docker.io/a.b/c:1")).toBe("docker.io/a.b/c:1");
    expect(shown("docker.io/localhost/c")).toBe("docker.io/localhost/c");
  });
});

describe("withDigest()", () => {
  it("pins, and lets the tag go", () => expect(formatReference(withDigest(parseReference("r.io/a:1"), digest))).toBe(`r.io/a@${digest}`));
});

describe("parseReference() of what is meant for something else", () => {
  for (const [text, hint] of [
    ["./out", '"." is not a host name, expected "oci:./out" or "dir:./out" for a directory'],
    ["../out", 'expected "oci:../out" or "dir:../out" for a directory'],
    ["/tmp/out", 'expected "oci:/tmp/out" or "dir:/tmp/out" for a directory'],
    ["https://ghcr.io/me/app:1?token=secret", 'a registry has no scheme here, expected "docker://ghcr.io/me/app:1"'],
  ] as const) {
    it(`says what it could be: ${text}`, () => expect(() => parseReference(text)).toThrow(hint));
  }
});
