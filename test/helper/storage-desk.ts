import { OciError } from "../../src/core/base/mod.ts";
import { type ListContext, type ListOptions, openLists } from "../../src/core/list/mod.ts";
import type { Host, Run } from "../../src/core/port/mod.ts";
import type { ManifestDocument } from "../../src/core/spec/mod.ts";
import type { MemoryHost } from "../../src/host/memory.ts";
import { type Desk, type DeskOptions, openDesk, putImage } from "./lists.ts";
import { type StoredSample, storageFiles } from "./storage.ts";

/** Where the storage of a {@linkcode StorageDesk} is. */
export const storageRoot = "/var/lib/containers/storage";

/** A desk with a container storage. */
export interface StorageDesk extends Desk {
  /** What is copied of each image, by its ID. */
  readonly copied: ReadonlyMap<string, ManifestDocument>;
  /** Command lines so far. */
  readonly commands: string[];
}

/** Options of {@linkcode openStorageDesk}. */
export interface StorageDeskOptions extends DeskOptions {
  /** Lists of buildah in the storage. @default none */
  readonly stored?: readonly StoredSample[];
}

/** Returns a host in memory with a container storage, and skopeo, which copies from it; a platform is that of what is copied. */
export async function openStorageDesk(
  images: readonly (readonly [image: StoredSample, platform: string])[],
  { stored = [], ...options }: StorageDeskOptions = {},
): Promise<StorageDesk> {
  const commands: string[] = [];
  const files = {
    ...storageFiles(storageRoot, [...images.map(([image]) => image), ...stored]),
    ...options.files,
  };
  const wrap = (host: MemoryHost): Host => ({ ...host, run: skopeoOf(host, commands) });
  const desk = openDesk({ environment: { user: 0, home: "/root" }, ...options, files, wrap });
  const copied = new Map<string, ManifestDocument>();
  for (const [{ id }, platform] of images) copied.set(id, await putImage(desk.host, `dir:/copies/${id}`, { platform, layers: [id] }));
  return { ...desk, copied, commands };
}

/** Plays skopeo: what it copies of an image lies in `/copies/ID`. */
export function skopeoOf({ files }: Pick<Host, "files">, commands: string[]): Run {
  return async (command) => {
    commands.push(command.join(" "));
    if (command[0] !== "skopeo") throw new OciError("NOT_FOUND", `Cannot run "${command[0]}": there is no such command`);
    const id = /@([0-9a-f]{64})$/.exec(command.at(-2) ?? "")?.[1];
    const to = command.at(-1)?.replace(/^dir:/, "") ?? "";
    for (const name of await files.list(`/copies/${id}`)) {
      const writer = await files.create(`${to}/${name}`);
      await writer.write(await files.readFile(`/copies/${id}/${name}`, 1 << 20));
      await writer.close();
    }
    return { status: 0, output: new Uint8Array(0), errors: new Uint8Array(0) };
  };
}

/** Returns `context` where no program that copies an image ends before it is told to; `started` are the commands so far. */
export function neverCopying(context: ListContext, options: ListOptions = {}): { readonly lists: ListContext; readonly started: readonly string[] } {
  const started: string[] = [];
  const run: Run = (command, { signal }) => {
    started.push(command.join(" "));
    return new Promise((_, reject) => {
      if (signal?.aborted === true) reject(signal.reason);
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  };
  return { lists: openLists({ ...context.host, run }, { root: "/lists", ...options }), started };
}
