import type { ContentOptions } from "../port/mod.ts";
import type { ContentReader } from "./content-reader.ts";
import type { Promised } from "./verify.ts";

/**
 * Returns `content` asked whether it holds a blob so that each is read once in a run, however many images share it. Only a yes is
 * remembered: what is not there, or damaged, will be written.
 */
export function heldOnce(content: Pick<ContentReader, "holds">): Pick<ContentReader, "holds"> {
  const asked = new Map<string, Promise<boolean>>();
  return {
    async holds(promised: Promised, options?: ContentOptions) {
      const key = `${promised.digest} ${promised.size}`;
      const answer = asked.get(key) ?? content.holds(promised, options);
      asked.set(key, answer);
      const isHeld = await answer.catch((error: unknown) => {
        asked.delete(key);
        throw error;
      });
      if (!isHeld) asked.delete(key);
      return isHeld;
    },
  };
}
