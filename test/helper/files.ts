import type { Host } from "../../src/core/port/mod.ts";

/** Puts files into `host`, over what is there; a character is a byte. */
export async function putFiles({ files }: Pick<Host, "files">, contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(contents)) {
    await files.makeDirectory(files.dirname(files.absolute(path)));
    await files.remove(path);
    const file = await files.create(path);
    await file.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    await file.close();
  }
}
