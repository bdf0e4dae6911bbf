import type { Bytes } from "../base/mod.ts";
import { readText, type TarHeader, type TarSpot, tarFault } from "./tar-header.ts";

/** What headers of headers say of the member behind them. */
export type TarOverrides = Partial<Pick<TarHeader, "name" | "size" | "link">>;

/** Bytes that a header of a header may have. */
export const maximumRecords: number = 1024 * 1024;

/** Tells whether a member of this type describes the next one, or all that follow. */
export function isDescribing(type: string): boolean {
  return "xgLK".includes(type);
}

/** Returns what the body of a describing member says (types `x` and `g` of pax, `L` and `K` of GNU tar). @throws {OciError} `INVALID` */
export function readOverrides(type: string, body: Bytes, spot: TarSpot): TarOverrides {
  if (type === "L") return { name: readText(body, spot) };
  if (type === "K") return { link: readText(body, spot) };
  const records = readRecords(body, spot);
  const sparse = [...records.keys()].find((key) => key.startsWith("GNU.sparse."));
  if (sparse !== undefined) throw tarFault(spot, "there is a sparse file, expected an archive made without --sparse");
  const [name, link, size] = [records.get("path"), records.get("linkpath"), records.get("size")];
  if (type === "g" && (name ?? link ?? size) !== undefined) throw tarFault(spot, "a header for all members names one");
  return {
    ...(name !== undefined && { name }),
    ...(link !== undefined && { link }),
    ...(size !== undefined && { size: readSize(size, spot) }),
  };
}

/** Records are `LENGTH KEY=VALUE\n`, the length that of all of it in bytes; the last one of a key counts. */
function readRecords(body: Bytes, spot: TarSpot): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 || space - at > 8 ? "" : String.fromCharCode(...body.subarray(at, space));
    const end = at + Number.parseInt(digits, 10);
    if (!/^\d+$/.test(digits) || end > body.length || end <= space + 1 || body[end - 1] !== 0x0a) throw tarFault(spot, "a pax record is damaged");
    const equals = body.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw tarFault(spot, "a pax record has no value");
    const key = String.fromCharCode(...body.subarray(space + 1, Math.min(equals, space + 257)));
    if (["path", "linkpath", "size"].includes(key)) records.set(key, readValue(body.subarray(equals + 1, end - 1), spot));
    else if (key.startsWith("GNU.sparse.")) records.set(key, "");
    at = end;
  }
  return records;
}

function readValue(bytes: Uint8Array, spot: TarSpot): string {
  if (bytes.includes(0)) throw tarFault(spot, "a pax record holds a NUL character");
  return readText(bytes, spot);
}

function readSize(text: string, spot: TarSpot): number {
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw tarFault(spot, "the size of a member is no number");
  return size;
}
