import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { digestOf, openContainers, sampleLayout } from "./containers.ts";
import { must, type RunningRegistry, Scratch, startRegistry } from "./helper.ts";

const scratch = new Scratch();
const layout = scratch.join("samples");
let registry: RunningRegistry;

beforeAll(async () => {
  await sampleLayout(layout);
  registry = await startRegistry({ version: 2, folder: scratch.join("registry") });
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  scratch[Symbol.dispose]();
});

/** A program as a user would write it, with the modules it imports. */
function scriptOf(front: string, host: { readonly path: string; readonly name: string }): string {
  const url = (path: string): string => JSON.stringify(pathToFileURL(join(process.cwd(), path)).href);
  return `
import { annotateList, annotateListEntries, createList, inspectList, openLists, pushList } from ${url(front)};
import { ${host.name} } from ${url(host.path)};

const [root, layout, target] = process.argv.slice(2);
const lists = openLists(${host.name}(), { root, verifyTls: false });
await createList(lists, "app", { images: [\`oci:\${layout}:amd64\`, \`oci:\${layout}:arm64\`], annotations: { "org.opencontainers.image.licenses": "MIT" } });
await annotateList(lists, "app", { annotations: { made: "by a script" } });
await annotateListEntries(lists, "app", ["linux/arm64"], { annotations: { entry: "annotated" } });
const [pushed] = await pushList(lists, "app", [target]);
const { document } = await inspectList(lists, target);
console.log(JSON.stringify({ digest: pushed.digest, read: document.descriptor.digest }));
`;
}

const runtimes = [
  {
    name: "Deno",
    command: ["node_modules/.bin/deno", "run", "-A", "--no-check", "--config", "scripts/deno-test.json"],
    front: "src/mod.ts",
    host: { path: "src/host/deno.ts", name: "denoHost" },
  },
  { name: "Bun", command: [process.execPath], front: "src/mod.ts", host: { path: "src/host/bun.ts", name: "bunHost" } },
  { name: "Node", command: ["node"], front: "dist/lib/mod.js", host: { path: "dist/lib/host/node.js", name: "nodeHost" } },
] as const;

describe("the library", () => {
  for (const { name, command, front, host } of runtimes) {
    it(`makes, annotates and pushes a list from a script on ${name}`, () => {
      const script = scratch.join(`${name}.mjs`);
      writeFileSync(script, front.startsWith("src") ? `import process from "node:process";\n${scriptOf(front, host)}` : scriptOf(front, host));
      const target = `docker://${registry.host}/library/${name.toLowerCase()}:1`;
      const { digest, read } = JSON.parse(must([...command, script, scratch.join(`store-${name}`), layout, target]));
      using containers = openContainers(scratch);
      const raw = containers.raw(target);
      expect(digestOf(raw)).toBe(digest);
      expect(read).toBe(digest);
      const index = JSON.parse(raw.toString());
      expect(index.annotations).toEqual({ made: "by a script", "org.opencontainers.image.licenses": "MIT" });
      expect(index.manifests.map((entry: { annotations?: object }) => entry.annotations)).toEqual([undefined, { entry: "annotated" }]);
      containers.skopeo("copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false", target, `dir:${scratch.join(`copy-${name}`)}`);
    });
  }
});
