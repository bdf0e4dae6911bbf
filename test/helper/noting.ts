import type { FileSystem, FileWriter } from "../../src/core/port/mod.ts";

/** One call that changed something. */
export interface NotedCall {
  readonly name: string;
  /** What it was about; the new name of what was renamed. */
  readonly path: string;
  /** Permissions, where some were asked for. */
  readonly mode?: number;
}

/** Returns `files` that note every call that changes something, in order. */
export function noting(files: FileSystem): { readonly files: FileSystem; readonly calls: NotedCall[] } {
  const calls: NotedCall[] = [];
  const note = (name: string, path: string, options: { readonly mode?: number } = {}): void =>
    void calls.push({ name, path, ...(options.mode !== undefined && { mode: options.mode }) });
  const writerOf = (path: string, { write, sync, close }: FileWriter): FileWriter => ({
    write(bytes) {
      note("write", path);
      return write(bytes);
    },
    sync() {
      note("sync", path);
      return sync();
    },
    close() {
      note("close", path);
      return close();
    },
  });
  const changing: Partial<FileSystem> = {
    async create(path, options) {
      note("create", path, options);
      return writerOf(path, await files.create(path, options));
    },
    createDirectory(path, options) {
      note("createDirectory", path, options);
      return files.createDirectory(path, options);
    },
    rename(from, to) {
      note("rename", to);
      return files.rename(from, to);
    },
    syncDirectory(path) {
      note("syncDirectory", path);
      return files.syncDirectory(path);
    },
  };
  return { calls, files: { ...files, ...changing } };
}
