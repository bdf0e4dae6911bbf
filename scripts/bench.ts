/**
 * Measures ocidex beside its peers, in turns on the same machine: `npm run build`, then `npm run bench`.
 * `--only requests|startup|copy|edits` (repeatable) measures a part; a promise that is not kept fails the run.
 */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { measureCopy } from "./bench/copy.ts";
import { measureEdits } from "./bench/edits.ts";
import { findTools, type Row, type Tools, Workshop } from "./bench/measure.ts";
import { printRows } from "./bench/report.ts";
import { measureRequests } from "./bench/requests.ts";
import { measureStartUp } from "./bench/start-up.ts";

const parts: Readonly<Record<string, (tools: Tools, workshop: Workshop) => Promise<readonly Row[]>>> = {
  startup: measureStartUp,
  requests: measureRequests,
  copy: measureCopy,
  edits: measureEdits,
};

const { values } = parseArgs({ options: { only: { type: "string", multiple: true } } });
const unknown = values.only?.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) throw new Error(`Cannot measure "${unknown}": expected ${Object.keys(parts).join(", ")}`);

const tools = await findTools();
console.log(`${cpus()[0]?.model}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB; medians, × is how many times ours\n`);
for (const [name, measure] of Object.entries(parts)) {
  if (values.only && !values.only.includes(name)) continue;
  using workshop = new Workshop();
  if (!printRows(name, await measure(tools, workshop), tools)) process.exitCode = 1;
}
