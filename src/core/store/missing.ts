import { isOciError } from "../base/mod.ts";

/** Returns what `reading` gives, or undefined where what it reads is not there. */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isOciError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
