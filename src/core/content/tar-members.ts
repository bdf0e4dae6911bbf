import { type Bytes, iterate, OciError, quote } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import { padToBlock, parseTarHeader, type TarHeader, type TarSpot, tarBlock, tarFault } from "./tar-header.ts";
import { isDescribing, maximumRecords, readOverrides, type TarOverrides } from "./tar-records.ts";

/** A file in an archive, or a link to another. */
export interface TarMember {
  /** Byte of the archive where its content begins. */
  readonly start: number;
  /** Bytes of content. */
  readonly size: number;
  /** Name of the member it stands for, when it is a link. */
  readonly target?: string;
}

/** Which archive to look through. */
export interface TarFile {
  /** The plain tar file. */
  readonly path: string;
  /** The archive in words, for messages, in quotes. */
  readonly what: string;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

/** Characters that the names of an archive may have together: 10^5 layers have 15 million. */
const maximumNames = 32 * 1024 * 1024;
const longestName = 4096;
const windowSize = 64 * 1024;

/**
 * Returns the files and links of an archive by their names. Headers only are read, each where the one before it says, so the time
 * depends on the number of members and not on their size; nothing is unpacked.
 *
 * No library does this: modern-tar does not tell where content lies, takes unknown types for files and passes over records it
 * cannot read; tar-stream tells, reads everything, and stands on Node's streams.
 * @throws {OciError} `INVALID` for names that lead out of the archive, names given twice, devices, sparse files and what is damaged or cut off; `LIMIT`
 */
export async function readTarMembers(files: FileSystem, file: TarFile): Promise<ReadonlyMap<string, TarMember>> {
  const members = new Map<string, TarMember>();
  const { what } = file;
  let names = 0;
  for await (const { header, body, at } of readHeaders(windowed(files, file), what)) {
    const fault: Fault = (seen) => tarFault({ what, at }, seen);
    const [name, member] = memberOf(header, body, fault) ?? [];
    if (name === undefined || member === undefined) continue;
    if (members.has(name)) throw fault(`${quote(name)} stands a second time`);
    names += name.length + (member.target?.length ?? 0) + 32;
    if (names > maximumNames) throw new OciError("LIMIT", `Cannot read ${what}: the names of its members are too many, ${members.size} so far`);
    members.set(name, member);
  }
  return members;
}

interface FoundHeader {
  readonly header: TarHeader;
  /** Where the header stands. */
  readonly at: number;
  /** Where the content begins. */
  readonly body: number;
}

type ReadAt = (at: number, length: number) => Promise<Bytes>;

/** Yields the headers of members, with what the headers before them say of them. */
async function* readHeaders(readAt: ReadAt, what: string): AsyncGenerator<FoundHeader, void, void> {
  let overrides: TarOverrides = {};
  for (let at = 0; ; ) {
    const spot = { what, at };
    const block = await readAt(at, tarBlock);
    if (block.length < tarBlock) throw tarFault(spot, "it ends before its end mark: it is cut off, or no tar archive");
    const header = parseTarHeader(block, spot);
    if (header === undefined) return;
    const body = at + tarBlock;
    if (isDescribing(header.type)) {
      const found = await readDescription(readAt, header, { what, at: body });
      if (header.type !== "g") overrides = { ...overrides, ...found };
      at = body + padToBlock(header.size);
      continue;
    }
    const full = { ...header, ...overrides };
    yield { header: full, at, body };
    overrides = {};
    at = body + (hasContent(full.type) ? padToBlock(full.size) : 0);
    if (!Number.isSafeInteger(at)) throw tarFault(spot, "the size of a member is too large");
  }
}

async function readDescription(readAt: ReadAt, header: TarHeader, spot: TarSpot): Promise<TarOverrides> {
  if (header.size > maximumRecords) throw tarFault(spot, `a header has ${header.size} bytes, more than ${maximumRecords}`);
  const bytes = await readAt(spot.at, header.size);
  if (bytes.length < header.size) throw tarFault(spot, "a header is cut off");
  return readOverrides(header.type, bytes, spot);
}

type Fault = (seen: string) => OciError;

function memberOf(header: TarHeader, start: number, fault: Fault): readonly [name: string, member: TarMember] | undefined {
  const name = cleanName(header.name, fault);
  switch (header.type) {
    case "0":
    case "7":
      // Before POSIX a directory was a file whose name ends with a slash.
      return header.name.endsWith("/") ? undefined : [requireName(name, fault), { start, size: header.size }];
    case "1":
      return [requireName(name, fault), { start, size: 0, target: cleanName(header.link, fault) }];
    case "2":
      return [requireName(name, fault), { start, size: 0, target: linkTarget(name, header.link, fault) }];
    case "5":
      return undefined;
    default:
      throw fault(`${quote(header.name)} is ${kinds[header.type] ?? `of the unknown type ${quote(header.type)}`}, expected files, directories and links`);
  }
}

const kinds: Readonly<Record<string, string | undefined>> = { 3: "a device", 4: "a device", 6: "a pipe", S: "a sparse file", M: "part of a file" };

/** Links, devices and directories have no content, whatever their size says. */
function hasContent(type: string): boolean {
  return type === "0" || type === "7";
}

function requireName(name: string, fault: Fault): string {
  if (name === "") throw fault("a member has no name");
  return name;
}

/** Returns a name without `.` and empty parts. @throws {OciError} `INVALID` if it leads out of the archive */
function cleanName(name: string, fault: Fault): string {
  if (name.length > longestName) throw fault(`a name has ${name.length} characters, more than ${longestName}`);
  if (name.startsWith("/")) throw fault(`${quote(name)} is an absolute name, which leads out of the archive`);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw fault(`${quote(name)} leads out of its directory`);
  return parts.join("/");
}

/** A symbolic link starts at the directory it lies in. */
function linkTarget(name: string, link: string, fault: Fault): string {
  const out = () => fault(`${quote(name)} is a link to ${quote(link)}, which leads out of the archive`);
  if (link.length > longestName) throw fault(`a link has ${link.length} characters, more than ${longestName}`);
  if (link.startsWith("/")) throw out();
  const parts = name.split("/").slice(0, -1);
  for (const part of link.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw out();
  }
  return parts.join("/");
}

/** Small members lie close together: one reading serves many headers. */
function windowed(files: FileSystem, { path, signal }: TarFile): ReadAt {
  let window: { readonly from: number; readonly bytes: Bytes } = { from: 0, bytes: new Uint8Array(0) };
  return async (at, length) => {
    const offset = at - window.from;
    if (offset < 0 || offset + length > window.bytes.length)
      window = { from: at, bytes: await readRange(files, { path, start: at, length: Math.max(length, windowSize), ...(signal && { signal }) }) };
    return window.bytes.slice(at - window.from, at - window.from + length);
  };
}

interface Range {
  readonly path: string;
  readonly start: number;
  readonly length: number;
  readonly signal?: AbortSignal;
}

async function readRange(files: FileSystem, { path, start, length, signal }: Range): Promise<Bytes> {
  const bytes = new Uint8Array(length);
  let size = 0;
  for await (const piece of iterate(await files.read(path, { start, end: start + length, ...(signal && { signal }) }))) {
    bytes.set(piece, size);
    size += piece.length;
  }
  return bytes.subarray(0, size);
}
