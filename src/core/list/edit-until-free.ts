import { isOciError } from "../base/mod.ts";
import { type ListContext, signalOf } from "./context.ts";
import type { ListView } from "./place.ts";

/** An edit of a list in files. */
export interface FileEditing {
  /** The list as it was read. */
  readonly view: ListView;
  /** Reads it again. */
  readonly read: () => Promise<ListView>;
  /** Applies the edit to a list and writes it. @throws {OciError} `CONFLICT` if somebody was faster */
  readonly edit: (view: ListView) => Promise<ListView>;
}

/** Each try that fails is somebody else's success, so this many must have come in between. */
const maximumTries = 200;
/** Somebody may have changed a list and changed it back; more often than this it is not the list that is in the way. */
const maximumUnchanged = 3;
/** Milliseconds of the first wait at most, and of each. */
const [firstWait, longestWait] = [5, 250];

/**
 * Edits a list in files, where an edit takes a moment and the next one can take its turn: one that comes too late is applied again
 * to what is there by then, so that of any number of edits none is lost and none fails.
 * @throws {OciError} `CONFLICT` after 200 tries, or where something other than the list was changed
 */
export async function editUntilFree(context: ListContext, { view, read, edit }: FileEditing): Promise<ListView> {
  const { clock, random } = context.host;
  const { signal } = signalOf(context);
  let current = view;
  let unchanged = 0;
  for (let tries = 1; ; tries++) {
    try {
      return await edit(current);
    } catch (error) {
      if (!isOciError(error, "CONFLICT") || tries === maximumTries) throw error;
      await clock.sleep(Math.min(firstWait * 2 ** tries, longestWait) * random.number(), signal);
      const next = await read();
      unchanged = next.document.descriptor.digest === current.document.descriptor.digest ? unchanged + 1 : 0;
      if (unchanged === maximumUnchanged) throw error;
      current = next;
    }
  }
}
