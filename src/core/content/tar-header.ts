import { type Bytes, OciError } from "../base/mod.ts";

/** One header of a tar archive (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"). */
export interface TarHeader {
  /** Path as the header has it. */
  readonly name: string;
  /** Bytes that follow, before padding. */
  readonly size: number;
  /** Type of the member, one character; a NUL, as before POSIX, is a `0`. */
  readonly type: string;
  /** Where a link leads. */
  readonly link: string;
}

/** Where in which archive something is read, for errors. */
export interface TarSpot {
  /** The archive in words, in quotes. */
  readonly what: string;
  /** Byte in the archive. */
  readonly at: number;
}

/** Bytes of a header, and the unit that members are padded to. */
export const tarBlock = 512;

/** Returns `size` rounded up to whole blocks. */
export function padToBlock(size: number): number {
  return Math.ceil(size / tarBlock) * tarBlock;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the error for an archive that cannot be read. */
export function tarFault({ what, at }: TarSpot, seen: string): OciError {
  return new OciError("INVALID", `Cannot read ${what}: at byte ${at} ${seen}`);
}

/** Returns the header in one block, or undefined for a block of zeros, which ends an archive. @throws {OciError} `INVALID` */
export function parseTarHeader(block: Bytes, spot: TarSpot): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (!hasChecksum(block))
    throw tarFault(spot, `there is no header of a tar archive, ${spot.at === 0 ? "the file is something else" : "the archive is damaged"}`);
  const name = readText(block.subarray(0, 100), spot);
  // GNU's own format has times where POSIX has the prefix of a name.
  const prefix = readText(block.subarray(257, 263), spot) === "ustar" && block[262] === 0 ? readText(block.subarray(345, 500), spot) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: readNumber(block.subarray(124, 136), spot),
    type: block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0),
    link: readText(block.subarray(157, 257), spot),
  };
}

/** Old programs added the bytes up as signed numbers. */
function hasChecksum(block: Bytes): boolean {
  const stored = /^ *([0-7]{1,7})[ \0]*$/.exec(String.fromCharCode(...block.subarray(148, 156)))?.[1];
  if (stored === undefined) return false;
  let [unsigned, large] = [0, 0];
  for (let at = 0; at < tarBlock; at++) {
    const byte = at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
    unsigned += byte;
    large += byte >> 7;
  }
  const signed = unsigned - 256 * large;
  const sum = Number.parseInt(stored, 8);
  return sum === unsigned || sum === signed;
}

/** Returns the text before the first NUL. @throws {OciError} `INVALID` if it is not UTF-8 */
export function readText(bytes: Uint8Array, spot: TarSpot): string {
  const end = bytes.indexOf(0);
  try {
    return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch {
    throw tarFault(spot, "a name is not valid UTF-8");
  }
}

/** Octal digits, or GNU's base 256 for what does not fit. */
function readNumber(bytes: Uint8Array, spot: TarSpot): number {
  const first = bytes[0] ?? 0;
  if (first < 0x80) {
    const digits = /^ *([0-7]*)[ \0]*$/.exec(String.fromCharCode(...bytes))?.[1];
    if (digits === undefined) throw tarFault(spot, "the size of a member is no number");
    return digits === "" ? 0 : Number.parseInt(digits, 8);
  }
  const value = bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f);
  if (!Number.isSafeInteger(value)) throw tarFault(spot, "the size of a member is negative or too large");
  return value;
}
