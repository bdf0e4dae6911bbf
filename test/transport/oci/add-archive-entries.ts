/** Adds COUNT entries named PREFIX0, PREFIX1, … to the archive at FILE, and says so a line each: a process of the tests. */
import { openArchives, openWorkFiles } from "../../../src/core/content/mod.ts";
import { openArchivePlace } from "../../../src/core/transport/oci/mod.ts";
import { nodeHost } from "../../../src/host/node.ts";
import { documentOf, indexOf } from "../../helper/content.ts";

const [path = "", prefix = "", count = "0"] = process.argv.slice(2);
const host = nodeHost();
const archives = openArchives(host, openWorkFiles(host));
for (let at = 0; at < Number(count); at++) {
  const reference = `${prefix}${at}`;
  const { source, target } = await openArchivePlace(host, archives, { transport: "oci-archive", path, reference });
  const document = documentOf({ ...indexOf([]), annotations: { reference } });
  await target.putRoot(document);
  if ((await source.describe()).digest !== document.descriptor.digest) throw new Error(`${reference} is another`);
  process.stdout.write(`${reference}\n`);
}
