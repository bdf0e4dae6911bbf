import type { Group } from "./command.ts";

/** The program: every command it has. */
export const ocidex: Group = {
  name: "ocidex",
  description: "Build, annotate, inspect and push multi-arch images without a daemon and without pulling a layer",
  commands: {
    manifest: async () => (await import("./manifest/mod.ts")).manifest,
    login: async () => (await import("./login.ts")).login,
    logout: async () => (await import("./logout.ts")).logout,
  },
  examples: [
    "ocidex manifest create app docker://ghcr.io/me/app:amd64 docker://ghcr.io/me/app:arm64",
    "ocidex manifest annotate --index --annotation org.opencontainers.image.licenses=MIT app",
    "ocidex manifest push app docker://ghcr.io/me/app:latest",
    'echo "$TOKEN" | ocidex login --username me --password-stdin ghcr.io',
  ],
};
