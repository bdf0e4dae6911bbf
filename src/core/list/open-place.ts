import { OciError } from "../base/mod.ts";
import { hasTransport, parseLocation } from "../spec/mod.ts";
import type { ListContext } from "./context.ts";
import { openLocalPlace } from "./local-place.ts";
import { openLocationPlace } from "./location-place.ts";
import type { ListPlace } from "./place.ts";

/** Returns the place `list` names: with a transport a location, else a local list. */
export async function openListPlace(context: ListContext, list: string): Promise<ListPlace> {
  if (list === "") throw new OciError("INVALID", `Cannot use list name "": it is empty`);
  return hasTransport(list) ? openLocationPlace(context, parseLocation(list)) : openLocalPlace(context, list);
}
