import { describe, expect, it } from "bun:test";
import fc from "fast-check";
import { formatLocation, hasTransport, parseLocation } from "../../src/core/spec/mod.ts";

const hex = "0123456789abcdef".repeat(4);
const piece = fc.oneof(fc.stringMatching(/^[a-z0-9/.@ -]{1,8}$/), fc.constantFrom("@1", "a@007", "C:\\x", "C:/x@2", "x@1234567890", "é 😀", "a\nb@3", "@"));
const locationText = fc.oneof(
  fc
    .tuple(fc.constantFrom("oci", "oci-archive"), piece, fc.constantFrom("", ":", ":v1", ":a/b:c", ":a@1", ":@2"))
    .map(([transport, path, reference]) => `${transport}:${path}${reference}`),
  fc.tuple(piece, fc.constantFrom("", ":", ":app", ":app:1", ":@2", ":r.io:1/a/b")).map(([path, reference]) => `docker-archive:${path}${reference}`),
  fc
    .tuple(
      fc.constantFrom("", "[/a]", "[vfs@/a]", "[vfs@/a@b+/r]", "[overlay@/a:x=y:z,w]", "[overlay@/a+/r+s:x]", "[/a@b]", "[a]", "["),
      fc.oneof(piece, fc.constantFrom("app:1", "r.io:1/a/b", "[::1]:5/a", "", `a@sha256:${"0".repeat(64)}`, `sha256:${"0".repeat(64)}`, "0".repeat(64))),
      fc.constantFrom("", "@", "@abc", "@ab", "@ABC", `@${"0".repeat(64)}`, `@${"0".repeat(65)}`),
    )
    .map((parts) => `containers-storage:${parts.join("")}`),
  fc
    .tuple(
      fc.oneof(piece, fc.constantFrom("app", "library/app", "docker.io/app", "docker.io/library/a.b/c", "docker.io/localhost/a", "r.io:1/a/b", hex, "sha256")),
      fc.constantFrom("", ":1", `@sha256:${hex}`, `:1@sha256:${hex}`, `:${hex}`),
    )
    .map(([name, suffix]) => `docker-daemon:${name}${suffix}`),
  fc.tuple(fc.constantFrom("dir", "tarball"), piece).map((parts) => parts.join(":")),
  fc.constantFrom("docker://busybox", "docker://r.example:5000/a/b:1", `docker://a@sha256:${"0".repeat(64)}`),
);

describe("parseLocation()", () => {
  it("reads a layout with name, with position, and on a drive", () => {
    expect(parseLocation("oci:/a/b:v1")).toEqual({ transport: "oci", path: "/a/b", reference: "v1" });
    expect(parseLocation("oci:/a/b:r.io/x:v1")).toEqual({ transport: "oci", path: "/a/b", reference: "r.io/x:v1" });
    expect(parseLocation("oci:/a/b@2")).toEqual({ transport: "oci", path: "/a/b", position: 2 });
    expect(parseLocation("oci-archive:C:\\a.tar:v1")).toEqual({ transport: "oci-archive", path: "C:\\a.tar", reference: "v1" });
    expect(parseLocation("oci:/a/b:@2")).toEqual({ transport: "oci", path: "/a/b", position: 2 });
    expect(parseLocation("oci-archive:/a.tar:@0")).toEqual({ transport: "oci-archive", path: "/a.tar", position: 0 });
    expect(parseLocation("oci:a:")).toEqual({ transport: "oci", path: "a" });
    expect(parseLocation("oci:a@1:")).toEqual({ transport: "oci", path: "a@1" });
  });

  it("reads an archive of docker, with name, with place, and with neither", () => {
    const transport = "docker-archive";
    const reference = { domain: "docker.io", repository: "library/app", tag: "latest" };
    expect(parseLocation("docker-archive:/a.tar")).toEqual({ transport, path: "/a.tar" });
    expect(parseLocation("docker-archive:a.tar:")).toEqual({ transport, path: "a.tar" });
    expect(parseLocation("docker-archive:a.tar:app")).toEqual({ transport, path: "a.tar", reference });
    expect(parseLocation("docker-archive:C:\\a.tar:localhost:5000/app:1")).toEqual({
      transport,
      path: "C:\\a.tar",
      reference: { domain: "localhost:5000", repository: "app", tag: "1" },
    });
    expect(parseLocation("docker-archive:a.tar:@3")).toEqual({ transport, path: "a.tar", position: 3 });
    expect(formatLocation({ transport, path: "a", reference })).toBe("docker-archive:a:docker.io/library/app:latest");
  });

  it("reads container storage: a name, an ID, both, and which storage", () => {
    const transport = "containers-storage";
    const [id, digest] = ["0".repeat(64), `sha256:${"1".repeat(64)}`];
    expect(parseLocation("containers-storage:app")).toEqual({ transport, name: "app" });
    expect(parseLocation("containers-storage:r.io:5000/a/b:1")).toEqual({ transport, name: "r.io:5000/a/b:1" });
    expect(parseLocation(`containers-storage:app@${digest}`)).toEqual({ transport, name: `app@${digest}` });
    expect(parseLocation(`containers-storage:app:1@${digest}@abc123`)).toEqual({ transport, name: `app:1@${digest}`, id: "abc123" });
    for (const text of [id, `@${id}`, `sha256:${id}`]) expect(parseLocation(`containers-storage:${text}`)).toEqual({ transport, id });
    expect(parseLocation("containers-storage:@abc")).toEqual({ transport, id: "abc" });
    expect(parseLocation("containers-storage:abc")).toEqual({ transport, name: "abc" });
    expect(parseLocation("containers-storage:[/a]app")).toEqual({ transport, specifier: { root: "/a" }, name: "app" });
    expect(parseLocation("containers-storage:[overlay@/a b@c+/run:x.y=/z:1,w]@abc")).toEqual({
      transport,
      specifier: { driver: "overlay", root: "/a b@c", runRoot: "/run", options: ["x.y=/z:1", "w"] },
      id: "abc",
    });
  });

  it("says what is wrong with a name in container storage", () => {
    const wrong = (rest: string) => {
      expect(() => parseLocation(`containers-storage:${rest}`)).toThrow(/^Cannot read (location|image name)/);
      try {
        parseLocation(`containers-storage:${rest}`);
      } catch (error) {
        return error instanceof Error ? error.message.replace(/^[^:]*: |^.*?": /, "") : "";
      }
      return "";
    };
    expect(wrong("[/a")).toBe('"[" has no "]"');
    expect(wrong("[]a")).toBe('"" is not an absolute path, expected [driver@root+runroot:options]');
    expect(wrong("[vfs@a]a")).toBe('"a" is not an absolute path, expected [driver@root+runroot:options]');
    expect(wrong("[/a+b]a")).toBe('"b" is not an absolute path, expected [driver@root+runroot:options]');
    expect(wrong("[@/a]a")).toBe('"" is not a storage driver');
    expect(wrong("[/a]")).toBe("expected the name of an image, or @ and an ID");
    expect(wrong("a@")).toBe("expected the name of an image, or @ and an ID");
    expect(wrong("@ab")).toBe('"ab" is neither a digest nor an ID of an image, expected 3 to 64 hexadecimal digits');
    expect(wrong(`@sha256:${"0".repeat(64)}`)).toContain("is neither a digest nor an ID of an image");
    expect(wrong("APP")).toBe("the repository name must be lower case");
  });

  it("reads an image of a docker daemon, by name and by ID", () => {
    const transport = "docker-daemon";
    const app = { domain: "docker.io", repository: "library/app" };
    expect(parseLocation("docker-daemon:app:1")).toEqual({ transport, image: { ...app, tag: "1" } });
    expect(parseLocation("docker-daemon:app")).toEqual({ transport, image: { ...app, tag: "latest" } });
    expect(parseLocation(`docker-daemon:app@sha256:${hex}`)).toEqual({ transport, image: { ...app, digest: `sha256:${hex}` } });
    expect(parseLocation("docker-daemon:r.io:5000/a/b:c")).toEqual({ transport, image: { domain: "r.io:5000", repository: "a/b", tag: "c" } });
    expect(parseLocation(`docker-daemon:sha256:${hex}`)).toEqual({ transport, image: `sha256:${hex}` });
    for (const text of ["app:1", "r.io:5000/a/b:c", "me/app:1", `app@sha256:${hex}`, `sha256:${hex}`])
      expect(formatLocation(parseLocation(`docker-daemon:${text}`))).toBe(`docker-daemon:${text}`);
    expect(formatLocation(parseLocation("docker-daemon:docker.io/library/app:1"))).toBe("docker-daemon:app:1");
  });

  it("reads the other transports", () => {
    expect(parseLocation("dir:/a:b")).toEqual({ transport: "dir", path: "/a:b" });
    expect(parseLocation("docker://a")).toEqual({ transport: "docker", reference: { domain: "docker.io", repository: "library/a" } });
  });

  it.each([
    "",
    "a",
    ":a",
    "docker:a",
    "docker:/a",
    "docker://",
    "dir:",
    "oci:",
    "oci::v1",
    "oci:a:-",
    "oci:a:b//c",
    "oci:a:b\nc",
    "docker-archive::app",
    "docker-archive:a:APP",
    `docker-archive:a:app@sha256:${"0".repeat(64)}`,
    "dir:a\0b",
    "docker-daemon:",
    "docker-daemon:APP:1",
    "docker-daemon:sha256:ab",
    `docker-daemon:sha256:${hex}ab`,
    `docker-daemon:sha256:${hex.toUpperCase()}`,
    `docker-daemon:sha512:${hex}${hex}`,
    `docker-daemon:${hex}`,
    `docker-daemon:docker.io/library/sha256:${hex}`,
    `docker-daemon:app:1@sha256:${hex}`,
    "OCI:a",
    "http://a",
    "constructor:a",
  ])("refuses %j", (text) => {
    expect(() => parseLocation(text)).toThrow(/^Cannot read (location|image name)/);
  });

  it("inverts formatLocation()", () => {
    const tryParse = (text: string) => {
      try {
        return parseLocation(text);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(locationText, (text) => {
        const location = tryParse(text);
        fc.pre(location !== undefined);
        if (location) expect(parseLocation(formatLocation(location))).toEqual(location);
      }),
    );
  });

  it("reads or refuses 64 KiB in one pass", () => {
    for (const part of ["a", "@1", "@", ":", "a:", "/", "1@"]) {
      for (const transport of ["oci:", "dir:", "docker://", "containers-storage:", "containers-storage:[/"]) {
        try {
          parseLocation(`${transport}${part.repeat(65_536 / part.length)}`);
        } catch (error) {
          expect(String(error)).toContain("Cannot read");
        }
      }
    }
  });
});

describe("hasTransport()", () => {
  it("knows transports by name and colon", () => {
    expect(["docker://a", "oci:a", "oci-archive:a", "dir:a", "docker-daemon:a"].every(hasTransport)).toBe(true);
    expect(["docker", "oci", "localhost:5000/a", "ocidex:a", ""].some(hasTransport)).toBe(false);
  });
});
