import { openListStore } from "../../src/core/store/mod.ts";
import { nodeHost } from "../../src/host/node.ts";
import { imageOf, keepIn, withoutImage } from "./kept-sample.ts";

/*
 * Run by the tests as a process of its own, until it is killed: keeps images in lists and drops them again, by chance, and prints a
 * line for each edit when it has returned. The images share layers.
 */
const [root = "", ...lists] = process.argv.slice(2);
const store = openListStore(nodeHost(), { root });
const images = [imageOf("a", ["x"]), imageOf("b", ["x", "y"]), imageOf("c", ["y", "z".repeat(100_000)])];
const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(Math.random() * items.length)];
for (;;) {
  const [id, image] = [pick(lists), pick(images)];
  if (id === undefined || image === undefined) throw new Error("no list is given");
  if (Math.random() < 0.5) await keepIn(store, id, image);
  else await store.edit(id, (state) => withoutImage(state, image.document.descriptor.digest));
  process.stdout.write("done\n");
}
