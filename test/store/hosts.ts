import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoreHost } from "../../src/core/store/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";
import { nodeHost } from "../../src/host/node.ts";

/** A host and an empty directory on it. */
export interface Place {
  readonly host: StoreHost;
  readonly root: string;
  readonly remove: () => void;
}

export const places: readonly (readonly [name: string, open: () => Place])[] = [
  ["memory", () => ({ host: memoryHost(), root: "/data", remove: () => {} })],
  [
    "node",
    () => {
      const root = mkdtempSync(join(tmpdir(), "ocidex-store-"));
      return { host: nodeHost(), root, remove: () => rmSync(root, { recursive: true }) };
    },
  ],
];
