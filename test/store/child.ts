import { addEntry } from "../../src/core/index/mod.ts";
import { openListStore } from "../../src/core/store/mod.ts";
import { nodeHost } from "../../src/host/node.ts";
import { entryOf } from "./sample.ts";

/*
 * Run by the tests as a process of its own: adds entries FIRST to LAST to a list, one edit each, and acknowledges an edit by
 * printing the entry's digest when it has returned.
 */
const [root = "", id = "", first = "0", last = "0"] = process.argv.slice(2);
const store = openListStore(nodeHost(), { root });
for (let at = Number(first); at < Number(last); at++) {
  const entry = entryOf(at);
  await store.edit(id, (state) => ({
    index: addEntry(state.index, entry),
    sources: { ...state.sources, [entry.digest]: { location: `docker://example.com/app@${entry.digest}` } },
    features: state.features,
  }));
  process.stdout.write(`${entry.digest}\n`);
}
