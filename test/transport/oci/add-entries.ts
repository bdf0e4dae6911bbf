/** Adds COUNT entries named PREFIX0, PREFIX1, … to the layout at DIRECTORY, and says so a line each: a process of the tests. */
import { openLayoutPlace } from "../../../src/core/transport/oci/mod.ts";
import { nodeHost } from "../../../src/host/node.ts";
import { documentOf, indexOf } from "../../helper/content.ts";

const [path = "", prefix = "", count = "0"] = process.argv.slice(2);
const host = nodeHost();
for (let at = 0; at < Number(count); at++) {
  const reference = `${prefix}${at}`;
  const { target } = await openLayoutPlace(host, { transport: "oci", path, reference });
  await target.putRoot(documentOf({ ...indexOf([]), annotations: { reference } }));
  process.stdout.write(`${reference}\n`);
}
