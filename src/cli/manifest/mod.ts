import type { Group } from "../command.ts";

/** `manifest`: everything done with lists. */
export const manifest: Group = {
  name: "manifest",
  description: "Build, change, show and push image indexes and manifest lists, local or in a registry",
  commands: {
    create: async () => (await import("./create.ts")).create,
    add: async () => (await import("./add.ts")).add,
    annotate: async () => (await import("./annotate.ts")).annotate,
    remove: async () => (await import("./remove.ts")).remove,
    inspect: async () => (await import("./inspect.ts")).inspect,
    push: async () => (await import("./push.ts")).push,
    rm: async () => (await import("./rm.ts")).rm,
    exists: async () => (await import("./exists.ts")).exists,
    list: async () => (await import("./list.ts")).list,
    ls: async () => (await import("./list.ts")).list,
  },
  examples: [
    "ocidex manifest create app docker://ghcr.io/me/app:amd64 docker://ghcr.io/me/app:arm64",
    "ocidex manifest push app docker://ghcr.io/me/app:latest",
  ],
};
