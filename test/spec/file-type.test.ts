import { describe, expect, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { mediaTypeOfFile, parseMediaType } from "../../src/core/spec/mod.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Types, and contents that begin as theirs do. */
const signatures: readonly (readonly [type: string, ...contents: string[]])[] = [
  ["text/html", "\n <!DOCTYPE html>", "<br>", "<P class", "<!-- x"],
  ["text/xml", " <?xml version"],
  ["application/pdf", "%PDF-1.7"],
  ["application/postscript", "%!PS-Adobe-3.0"],
  ["text/plain", "", "a\n\x1b[0m", "\xfe\xff\0a", "\xff\xfea\0", "\xef\xbb\xbf\0"],
  ["image/x-icon", "\0\0\x01\0", "\0\0\x02\0"],
  ["image/bmp", "BM"],
  ["image/gif", "GIF87a", "GIF89a"],
  ["image/webp", "RIFF\n\0\0\0WEBPVP8"],
  ["image/png", "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", "\xff\xd8\xff\xe0"],
  ["audio/aiff", "FORM\0\0\0\0AIFF"],
  ["audio/mpeg", "ID3"],
  ["application/ogg", "OggS\0"],
  ["audio/midi", "MThd\0\0\0\x06"],
  ["video/avi", "RIFF\0\0\0\0AVI "],
  ["audio/wave", "RIFF\0\0\0\0WAVE"],
  ["video/mp4", "\0\0\0\x18ftypmp42\0\0\0\0isommp42", "\0\0\0\x14ftypisom\0\0\0\0mp41"],
  ["video/webm", "\x1a\x45\xdf\xa3"],
  ["application/vnd.ms-fontobject", `${"\0".repeat(34)}LP`],
  ["font/ttf", "\0\x01\0\0"],
  ["font/otf", "OTTO"],
  ["font/collection", "ttcf"],
  ["font/woff", "wOFF"],
  ["font/woff2", "wOF2"],
  ["application/x-gzip", "\x1f\x8b\x08"],
  ["application/zip", "PK\x03\x04"],
  ["application/x-rar-compressed", "Rar!\x1a\x07\0", "Rar!\x1a\x07\x01\0"],
  ["application/wasm", "\0asm"],
  ["application/octet-stream", "\0", "\0\0\0\x0cftypisom", "\0\0\0\x18ftypmp42", "\0\0\0\x15ftypmp42\0\0\0\0\0\0\0\0\0", "\0\0\0\x10ftypisommp42"],
];

describe("mediaTypeOfFile()", () => {
  it.each([
    ["data.json", "application/json"],
    ["sbom.spdx.json", "application/json"],
    ["chart-1.0.tgz", "application/gzip"],
    ["app.tar.gz", "application/gzip"],
    ["values.yaml", "application/yaml"],
    ["README.md", "text/markdown"],
    ["app-1.0-py3-none-any.whl", "application/zip"],
    ["STYLE.CSS", "text/css"],
    [".json", "application/json"],
  ])("goes by the last extension: %s is %s", (name, type) => expect(mediaTypeOfFile(name, bytes("\0"))).toBe(type));

  it.each(["LICENSE", "notes.", "a.unknown", "a.constructor", "a.__proto__", ""])("goes by the content where the name %j tells nothing", (name) => {
    expect(mediaTypeOfFile(name, encodeUtf8("words"))).toBe("text/plain");
    expect(mediaTypeOfFile(name, bytes("\0\x01"))).toBe("application/octet-stream");
  });

  it.each(signatures)("finds %s", (type, ...contents) => {
    for (const content of contents) expect([content, mediaTypeOfFile("x", bytes(content))]).toEqual([content, type]);
  });

  it("looks at 512 bytes and no more", () => {
    expect(mediaTypeOfFile("x", bytes(`${"a".repeat(511)}\0`))).toBe("application/octet-stream");
    expect(mediaTypeOfFile("x", bytes(`${"a".repeat(512)}\0`))).toBe("text/plain");
  });

  it("gives media types as a manifest may hold them", () => {
    const names = ["a.json", "a.docx", "a.woff2", "a.7z", "a.js", "a.svg", "a.tar", "x"];
    for (const name of names) expect(parseMediaType(mediaTypeOfFile(name, new Uint8Array()))).toBe(mediaTypeOfFile(name, new Uint8Array()));
  });
});
