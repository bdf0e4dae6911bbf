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
  return [
    medians(results, { name: "say the version", unit: "ms", limit }, ({ wall }) => wall),
    medians(results, { name: "say the version", unit: "ms of processor" }, ({ cpu }) => cpu * 1000),
  ];
}
