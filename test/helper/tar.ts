import { concatBytes, encodeUtf8 } from "../../src/core/base/mod.ts";

/** A member to write as it is, wrong or not. */
export interface RawMember {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** @default "0" */
  readonly type?: string;
  readonly link?: string;
  /** Prefix of the name. */
  readonly prefix?: string;
  /** Bytes of the size field. @default octal digits */
  readonly size?: Uint8Array | string;
  /** Changes the header before, or (with `sealed`) after its checksum is made. */
  readonly change?: (block: Uint8Array) => void;
  readonly sealed?: boolean;
}

const block = 512;
export const endMark: Uint8Array = new Uint8Array(2 * block);

function put(header: Uint8Array, at: number, value: string | Uint8Array): void {
  header.set(typeof value === "string" ? encodeUtf8(value) : value, at);
}

/** Returns header, content and padding of a member. */
export function rawMember(member: RawMember): Uint8Array {
  const { name, content = "", type = "0", link = "", prefix = "", change, sealed = false } = member;
  const bytes = typeof content === "string" ? encodeUtf8(content) : content;
  const header = new Uint8Array(block);
  put(header, 0, name);
  put(header, 100, "0000644\0");
  put(header, 124, member.size ?? `${bytes.length.toString(8).padStart(11, "0")}\0`);
  put(header, 156, type);
  put(header, 157, link);
  put(header, 257, "ustar\x0000");
  put(header, 345, prefix);
  if (!sealed) change?.(header);
  put(header, 148, " ".repeat(8));
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(header, 148, `${sum.toString(8).padStart(6, "0")}\0 `);
  if (sealed) change?.(header);
  return concatBytes([header, bytes, new Uint8Array(-bytes.length & (block - 1))]);
}

/** Returns an archive of members. */
export function rawTar(...members: readonly RawMember[]): Uint8Array<ArrayBuffer> {
  return concatBytes([...members.map(rawMember), endMark]);
}

/** Returns a header of records before a member. */
export function paxMember(records: Readonly<Record<string, string>>, type = "x"): RawMember {
  const content = Object.entries(records).map(([key, value]) => {
    const rest = encodeUtf8(` ${key}=${value}\n`).length;
    const length = [1, 2, 3, 4, 5, 6, 7].map((digits) => rest + digits).find((all, at) => String(all).length === at + 1);
    return `${length} ${key}=${value}\n`;
  });
  return { name: "PaxHeader", type, content: content.join("") };
}
