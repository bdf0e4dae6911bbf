import { describe, expect, it } from "bun:test";
import { memoryRandom } from "../../src/host/memory.ts";
import { type KeptOutcome, type KeptSimulation, simulateKept } from "./kept-simulation.ts";

const kinds: readonly (readonly [name: string, linkless: boolean])[] = [
  ["with links", false],
  ["without links", true],
];

/** The first process is slow, two are killed somewhere. */
function processesOf(seed: number, options: KeptSimulation["processes"][number]): KeptSimulation {
  const random = memoryRandom(seed);
  const killedAt = () => Math.floor(random.number() * 1500);
  const processes = [{ slowness: 10 }, {}, {}, { calls: killedAt() }, { calls: killedAt() }].map((process) => ({ ...options, ...process }));
  return { random, processes, turns: 6 };
}

async function simulateAll(seeds: readonly number[], options: KeptSimulation["processes"][number]): Promise<readonly KeptOutcome[]> {
  const outcomes: KeptOutcome[] = [];
  for (const seed of seeds) outcomes.push(await simulateKept(processesOf(seed, options)));
  expect(outcomes.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(seeds.length * 15);
  return outcomes;
}

// Each seed is one that shows when a step of keeping or freeing is left out: the second reading, the second name, giving back, publishing.
describe.each(kinds)("the content of a list store %s", (_, linkless) => {
  it("is there for every record at every instant, and nothing else is left, whatever the order of calls and whoever is killed", async () => {
    for (const { lost, dangling, left } of await simulateAll([1, 2, 3, 7, 10], { linkless }))
      expect({ lost, dangling, left }).toEqual({ lost: [], dangling: [], left: [] });
  }, 120_000);

  it("is there for every acknowledged edit, even when what lies aside is taken from owners who are alive", async () => {
    for (const { lost, left } of await simulateAll([1, 2, 7], { linkless, impatient: true })) expect({ lost, left }).toEqual({ lost: [], left: [] });
  }, 120_000);
});
