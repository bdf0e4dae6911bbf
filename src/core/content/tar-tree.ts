import { type ByteStream, OciError, quote } from "../base/mod.ts";
import type { FileSystem } from "../port/mod.ts";
import type { TarFile, TarMember } from "./tar-members.ts";
import type { Tree } from "./tree.ts";

const longestChain = 10;

/** Returns the members of the plain tar file `file` as a tree; links lead to other members and nowhere else. */
export function tarTree(files: FileSystem, { path, what }: TarFile, members: ReadonlyMap<string, TarMember>): Tree {
  const find = (parts: readonly string[], named: string): TarMember | undefined => followLinks(members, parts.join("/"), named);
  return {
    what,
    size: async ({ parts, what: named }) => find(parts, named)?.size,
    async read({ parts, what: named }, options = {}): Promise<ByteStream> {
      const member = find(parts, named);
      if (member === undefined) throw new OciError("NOT_FOUND", `Cannot read ${named}: the archive does not hold it`);
      return files.read(path, { ...options, start: member.start, end: member.start + Math.min(options.end ?? member.size, member.size) });
    },
  };
}

/** Returns the file that `name` stands for, or undefined if it is not there. @throws {OciError} `INVALID` for links in a circle */
function followLinks(members: ReadonlyMap<string, TarMember>, name: string, what: string): TarMember | undefined {
  let member = members.get(name);
  for (let depth = 0; member?.target !== undefined; depth++) {
    if (depth === longestChain) throw new OciError("INVALID", `Cannot read ${what}: more than ${longestChain} links lead on from ${quote(name)}`);
    member = members.get(member.target);
  }
  return member;
}
