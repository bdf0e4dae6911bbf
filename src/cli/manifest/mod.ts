import { type Group, loadedCommands } from "../command.ts";
import { add } from "./add.ts";
import { annotate } from "./annotate.ts";
import { create } from "./create.ts";
import { exists } from "./exists.ts";
import { inspect } from "./inspect.ts";
import { list } from "./list.ts";
import { push } from "./push.ts";
import { remove } from "./remove.ts";
import { rm } from "./rm.ts";

/** `manifest`: everything done with lists. */
export const manifest: Group = {
  name: "manifest",
  description: "Build, change, show and push image indexes and manifest lists, local or in a registry",
  commands: loadedCommands(create, add, annotate, remove, inspect, push, rm, exists, list),
  examples: [
    "ocidex manifest create app docker://ghcr.io/me/app:amd64 docker://ghcr.io/me/app:arm64",
    "ocidex manifest push app docker://ghcr.io/me/app:latest",
  ],
};
