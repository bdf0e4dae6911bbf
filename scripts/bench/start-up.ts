import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildExecutable } from "../build.ts";
import { inTurns, medians, type Row, type Tools, type Workshop } from "./measure.ts";

const rounds = 41;
const limit = 15;

/** Says its version and ends: what every command pays before it begins. */
export async function measureStartUp(tools: Tools, workshop: Workshop): Promise<readonly Row[]> {
  const results = await inTurns(
    rounds,
    tools.keys(),
    async (tool) => await workshop.run([tools.get(tool) ?? tool, tool === "ocidex" ? "--version" : "version"]),
  );
  const empty = buildEmpty(workshop.path);
  const alone = await inTurns(rounds, ["ocidex"], () => workshop.run([empty]));
  return [
    medians(results, { name: "say the version", unit: "ms", limit }, ({ wall }) => wall),
    medians(results, { name: "say the version", unit: "ms of processor" }, ({ cpu }) => cpu * 1000),
    medians(alone, { name: "an empty program on the runtime", unit: "ms" }, ({ wall }) => wall),
  ];
}

/** Builds a program that does nothing, as ours is built: what it takes is the runtime's. */
function buildEmpty(out: string): string {
  const entry = join(out, "empty.ts");
  writeFileSync(entry, "export {};\n");
  return buildExecutable({ entry, out });
}
