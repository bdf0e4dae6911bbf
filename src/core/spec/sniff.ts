/** What tells, in the order of the WHATWG's MIME Sniffing Standard (sections 7.1 and 6), as Go's `http.DetectContentType` has it. A byte is a character. */
const signatures: readonly (readonly [mediaType: string, signature: RegExp])[] = [
  ["text/html", /^[\t\n\f\r ]*<(?:!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--)[ >]/i],
  ["text/xml", /^[\t\n\f\r ]*<\?xml/],
  ["application/pdf", /^%PDF-/],
  ["application/postscript", /^%!PS-Adobe-/],
  ["text/plain", /^(?:\xfe\xff..|\xff\xfe..|\xef\xbb\xbf.)/s],
  ["image/x-icon", /^\0\0[\x01\x02]\0/],
  ["image/bmp", /^BM/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF.{4}WEBPVP/s],
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["audio/aiff", /^FORM.{4}AIFF/s],
  ["audio/mpeg", /^ID3/],
  ["application/ogg", /^OggS\0/],
  ["audio/midi", /^MThd\0\0\0\x06/],
  ["video/avi", /^RIFF.{4}AVI /s],
  ["audio/wave", /^RIFF.{4}WAVE/s],
];

/** What comes behind MP4, which no pattern tells. */
const laterSignatures: typeof signatures = [
  ["video/webm", /^\x1a\x45\xdf\xa3/],
  ["application/vnd.ms-fontobject", /^.{34}LP/s],
  ["font/ttf", /^\0\x01\0\0/],
  ["font/otf", /^OTTO/],
  ["font/collection", /^ttcf/],
  ["font/woff", /^wOFF/],
  ["font/woff2", /^wOF2/],
  ["application/x-gzip", /^\x1f\x8b\x08/],
  ["application/zip", /^PK\x03\x04/],
  ["application/x-rar-compressed", /^Rar!\x1a\x07(?:\0|\x01\0)/],
  ["application/wasm", /^\0asm/],
  ["text/plain", /^[^\0-\x08\x0b\x0e-\x1a\x1c-\x1f]*$/],
];

/** How many bytes at the beginning of content tell its type. */
export const sniffedBytes = 512;

/** Returns the media type that the first bytes of content tell, `application/octet-stream` where they tell none. */
export function sniffMediaType(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, sniffedBytes));
  const find = (table: typeof signatures) => table.find(([, signature]) => signature.test(text))?.[0];
  return find(signatures) ?? (isMp4(text) ? "video/mp4" : undefined) ?? find(laterSignatures) ?? "application/octet-stream";
}

/** Section 6.2.1: a box `ftyp`, all of it there, among whose brands is one of MP4; the four bytes behind the major brand are its version. */
function isMp4(text: string): boolean {
  const size = [0, 1, 2, 3].reduce((sum, at) => sum * 256 + text.charCodeAt(at), 0);
  if (text.length < 12 || text.length < size || size % 4 !== 0 || text.slice(4, 8) !== "ftyp") return false;
  for (let at = 8; at < size; at += 4) if (at !== 12 && text.startsWith("mp4", at)) return true;
  return false;
}
