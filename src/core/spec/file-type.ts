import { sniffMediaType } from "./sniff.ts";

/**
 * Media types by extension. The digest of an artifact hangs on them, so that they are the same on every machine, and one that is
 * here never changes. First what Go 1.26 has built in (`mime/type.go`), which is what buildah takes before it looks at the tables
 * of the machine; then what is registered with IANA, or else common, for what releases are made of.
 */
const extensions: Readonly<Record<string, string>> = {
  "application/gzip": "gz",
  "application/json": "json",
  "application/msword": "doc",
  "application/octet-stream": "bin com exe",
  "application/pdf": "pdf",
  "application/postscript": "ai eps ps",
  "application/rdf+xml": "rdf",
  "application/rtf": "rtf",
  "application/vnd.android.package-archive": "apk",
  "application/vnd.ms-excel": "xls",
  "application/vnd.ms-powerpoint": "ppt",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/wasm": "wasm",
  "application/xhtml+xml": "xht xhtml",
  "application/zip": "zip",
  "audio/flac": "flac",
  "audio/mp4": "m4a",
  "audio/mpeg": "mp3",
  "audio/ogg": "oga ogg opus",
  "audio/wav": "wav",
  "audio/webm": "webm",
  "image/apng": "apng",
  "image/avif": "avif",
  "image/bmp": "bmp",
  "image/gif": "gif",
  "image/jpeg": "jfif jpeg jpg pjp pjpeg",
  "image/png": "png",
  "image/svg+xml": "svg",
  "image/tiff": "tif tiff",
  "image/vnd.microsoft.icon": "ico",
  "image/webp": "webp",
  "image/x-xbitmap": "xbm",
  "message/rfc822": "eml",
  "text/calendar": "ics",
  "text/css": "css",
  "text/csv": "csv",
  "text/html": "ehtml htm html shtml",
  "text/javascript": "js mjs",
  "text/plain": "text txt",
  "text/vtt": "vtt",
  "text/xml": "xbl xml xsl",
  "video/mp4": "mp4",
  "video/ogg": "ogv",
};

const moreExtensions: typeof extensions = {
  "application/cbor": "cbor",
  "application/geo+json": "geojson",
  "application/gzip": "tgz",
  "application/java-archive": "jar",
  "application/ld+json": "jsonld",
  "application/sarif+json": "sarif",
  "application/sql": "sql",
  "application/toml": "toml",
  "application/vnd.debian.binary-package": "deb",
  "application/x-7z-compressed": "7z",
  "application/x-bzip2": "bz2",
  "application/x-rpm": "rpm",
  "application/x-tar": "tar",
  "application/x-xz": "xz",
  "application/yaml": "yaml yml",
  "application/zip": "whl",
  "application/zstd": "zst",
  "font/otf": "otf",
  "font/ttf": "ttf",
  "font/woff": "woff",
  "font/woff2": "woff2",
  "text/javascript": "cjs",
  "text/markdown": "markdown md",
  "text/spdx": "spdx",
};

const byExtension: ReadonlyMap<string, string> = new Map(
  [extensions, moreExtensions].flatMap((table) => Object.entries(table).flatMap(([type, names]) => names.split(" ").map((name) => [name, type] as const))),
);

/**
 * Returns the media type of a file by the last extension of its name, else by its first bytes (512 are enough).
 * @example Know a file by its name, and one without extension by what is in it
 * ```ts
 * import assert from "node:assert/strict";
 * import { mediaTypeOfFile } from "ocidex/spec";
 *
 * assert.equal(mediaTypeOfFile("sbom.spdx.json", new Uint8Array()), "application/json");
 * assert.equal(mediaTypeOfFile("LICENSE", new TextEncoder().encode("Apache License")), "text/plain");
 * ```
 */
export function mediaTypeOfFile(name: string, head: Uint8Array): string {
  const at = name.lastIndexOf(".");
  return (at < 0 ? undefined : byExtension.get(name.slice(at + 1).toLowerCase())) ?? sniffMediaType(head);
}
