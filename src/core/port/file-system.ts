/** What a name in a directory stands for. */
export type FileKind = "file" | "directory" | "link" | "other";

/** What is known of a file without reading it. */
export interface FileStatus {
  /** Kind of the thing. */
  readonly kind: FileKind;
  /** Size in bytes. */
  readonly size: number;
  /** Last change in milliseconds since 1970. */
  readonly modified: number;
  /** Number of the user it belongs to, where the system has such numbers. */
  readonly owner?: number;
}

/** Which bytes of a file to read. */
export interface ReadOptions {
  /** First byte. @default 0 */
  readonly start?: number;
  /** Byte behind the last one. @default the end of the file */
  readonly end?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

/** A file being written; close it whatever happens. */
export interface FileWriter {
  /** Appends `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Returns when everything written is on the disk. */
  sync(): Promise<void>;
  /** Releases the file; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Files. Paths are the runtime's own. Every failure is an `OciError`: `NOT_FOUND`, `EXISTS`, else `IO` with the system's
 * code and the path in its message.
 */
export interface FileSystem {
  /** Returns the file as a stream of pieces of up to 1 MiB. */
  read(path: string, options?: ReadOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** Returns the whole of a file. @throws {OciError} `LIMIT` over `limit` bytes */
  readFile(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Opens a new file for writing. @throws {OciError} `EXISTS` */
  create(path: string, options?: { readonly mode?: number }): Promise<FileWriter>;
  /** Opens what is there for writing, links followed: a pipe or device takes it in, of a file nothing is left. @throws {OciError} `NOT_FOUND` */
  overwrite(path: string): Promise<FileWriter>;
  /** Returns what `path` is, or undefined if nothing is there; a symbolic link is reported as one, unless links are to be followed. */
  status(path: string, options?: { readonly follow?: boolean }): Promise<FileStatus | undefined>;
  /** Returns the names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** Makes a directory and those above it; one that is there is fine. */
  makeDirectory(path: string, options?: { readonly mode?: number }): Promise<void>;
  /** Makes one directory. @throws {OciError} `EXISTS` */
  createDirectory(path: string, options?: { readonly mode?: number }): Promise<void>;
  /** Gives the file `from` a second name. @throws {OciError} `EXISTS` if `to` is there, `UNSUPPORTED` where the file system has no links */
  link(from: string, to: string): Promise<void>;
  /** Renames; a file that is at `to` is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a directory with all it holds; nothing there is fine. */
  remove(path: string): Promise<void>;
  /** Removes a directory that holds nothing; nothing there is fine. @throws {OciError} `EXISTS` if it holds something */
  removeDirectory(path: string): Promise<void>;
  /** Returns when the names in a directory are on the disk (nothing to do where a system has no such call). */
  syncDirectory(path: string): Promise<void>;
  /** Returns the path with the parts joined by the system's separator. */
  join(...parts: readonly string[]): string;
  /** Returns the absolute form of `path`. */
  absolute(path: string): string;
  /** Returns the directory part of `path`. */
  dirname(path: string): string;
}
