import { createTarPacker } from "modern-tar";
import type { ByteStream } from "../base/mod.ts";

/** A file for an archive. */
export interface TarContent {
  /** Its name. */
  readonly name: string;
  /** Its size in bytes. */
  readonly size: number;
  /** Returns its bytes. */
  readonly open: () => Promise<ByteStream>;
}

/**
 * Returns a tar archive of `contents`, in their order. What depends on time and user is left out, so the same contents give the
 * same bytes. A file with more or fewer bytes than it should have makes the stream fail.
 */
export function writeTar(contents: readonly TarContent[]): ByteStream {
  const { readable, controller } = createTarPacker();
  const fill = async (): Promise<void> => {
    for (const { name, size, open } of contents) {
      const body = controller.add({ name, size, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 });
      await (await open()).pipeTo(body);
    }
    controller.finalize();
  };
  fill().catch((error: unknown) => controller.error(error));
  return readable;
}
