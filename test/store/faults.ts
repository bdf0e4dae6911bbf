import { OciError } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";

/** A file system that fails at a chosen call of those that change something. */
export interface FaultyFiles {
  readonly files: FileSystem;
  /** Returns the name of the method that failed, once it has. */
  failed(): string | undefined;
}

export interface Fault {
  /** Number of the call, from 1. */
  readonly at: number;
  /** Whether every later call fails too, reading included: what a process that dies there leaves. */
  readonly dies?: boolean;
  /** The system's word. @default ENOSPC */
  readonly word?: string;
}

const changing = ["create", "makeDirectory", "createDirectory", "link", "rename", "remove", "syncDirectory", "write", "sync", "close"] as const;

export function faultyFiles(files: FileSystem, { at, dies = false, word = "ENOSPC" }: Fault): FaultyFiles {
  let calls = 0;
  let failed: string | undefined;
  const enter = (name: string): void => {
    const counts = changing.some((method) => method === name);
    if (counts) calls++;
    if ((counts && calls === at) || (dies && failed !== undefined)) {
      failed ??= name;
      throw new OciError("IO", `Cannot ${name}: ${word}: injected`);
    }
  };
  const guarded = <P extends unknown[], R>(name: string, method: (...parameters: P) => Promise<R>) => {
    return async (...parameters: P): Promise<R> => {
      enter(name);
      return method(...parameters);
    };
  };
  return {
    failed: () => failed,
    files: {
      ...files,
      read: guarded("read", files.read),
      readFile: guarded("readFile", files.readFile),
      status: guarded("status", files.status),
      list: guarded("list", files.list),
      async create(path, options) {
        enter("create");
        const writer = await files.create(path, options);
        return { write: guarded("write", writer.write), sync: guarded("sync", writer.sync), close: guarded("close", writer.close) };
      },
      makeDirectory: guarded("makeDirectory", files.makeDirectory),
      createDirectory: guarded("createDirectory", files.createDirectory),
      link: guarded("link", files.link),
      rename: guarded("rename", files.rename),
      remove: guarded("remove", files.remove),
      removeDirectory: guarded("removeDirectory", files.removeDirectory),
      syncDirectory: guarded("syncDirectory", files.syncDirectory),
    },
  };
}

/** Returns `files` that run `action` before call `at` of those that change something: what another process does in between. */
export function interruptedFiles(files: FileSystem, at: number, action: () => Promise<unknown>): { readonly files: FileSystem; readonly ran: () => boolean } {
  let calls = 0;
  const enter = async (): Promise<void> => {
    if (++calls === at) await action();
  };
  const late = <P extends unknown[], R>(method: (...parameters: P) => Promise<R>) => {
    return async (...parameters: P): Promise<R> => {
      await enter();
      return method(...parameters);
    };
  };
  return {
    ran: () => calls >= at,
    files: {
      ...files,
      async create(path, options) {
        await enter();
        const writer = await files.create(path, options);
        return { write: late(writer.write), sync: late(writer.sync), close: writer.close };
      },
      link: late(files.link),
      rename: late(files.rename),
      remove: late(files.remove),
      removeDirectory: late(files.removeDirectory),
      syncDirectory: late(files.syncDirectory),
    },
  };
}

/** Returns `files` with every call that would change something refused, as on a medium that is mounted read-only. */
export function readOnlyFiles(files: FileSystem): FileSystem {
  const refuse = async (): Promise<never> => {
    throw new OciError("IO", "Cannot write: EROFS: read-only file system");
  };
  const refused = Object.fromEntries(changing.slice(0, 7).map((name) => [name, refuse]));
  return { ...files, ...refused };
}
