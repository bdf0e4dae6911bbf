/** Writes and reads the same 50 keys of a cache again and again: `cache-child.ts DIRECTORY ROUNDS`; says how often it read something wrong. */
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { openCache } from "../../src/core/content/mod.ts";
import { nodeHost } from "../../src/host/node.ts";

const [directory = "", rounds = "0"] = process.argv.slice(2);
const cache = openCache(nodeHost(), directory, { limit: 30_000, sweepInterval: 5 });
const textOf = (key: string) => `${key}:`.repeat(200);
let [hits, wrong] = [0, 0];
for (let round = 0; round < Number(rounds); round++) {
  const key = String((round * 7 + process.pid) % 50);
  await cache.write([key], encodeUtf8(textOf(key)));
  const other = String((round * 13) % 50);
  const bytes = await cache.read([other]);
  if (bytes === undefined) continue;
  hits++;
  if (new TextDecoder().decode(bytes) !== textOf(other)) wrong++;
}
console.log(JSON.stringify({ hits, wrong }));
