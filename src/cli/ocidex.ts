import type { Group } from "./command.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { manifest } from "./manifest/mod.ts";

/** The program: every command it has. */
export const ocidex: Group = {
  name: "ocidex",
  description: "Build, annotate, inspect and push multi-arch images without a daemon and without pulling a layer",
  commands: [manifest, login, logout],
  examples: [
    "ocidex manifest create app docker://ghcr.io/me/app:amd64 docker://ghcr.io/me/app:arm64",
    "ocidex manifest annotate --index --annotation org.opencontainers.image.licenses=MIT app",
    "ocidex manifest push app docker://ghcr.io/me/app:latest",
    'echo "$TOKEN" | ocidex login --username me --password-stdin ghcr.io',
  ],
};
