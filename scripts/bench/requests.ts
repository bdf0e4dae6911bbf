import { join } from "node:path";
import { startRegistry } from "../../test/real/helper.ts";
import { seedImage } from "../../test/real/seed.ts";
import { inTurns, medians, type Row, type ToolName, type Tools, type Workshop } from "./measure.ts";
import { type CountingProxy, openProxy } from "./proxy.ts";

const rounds = 5;
const roundTrip = 50;
const architectures = ["amd64", "arm64"];

/** Where the two images lie, seen from the new index; the budget counts requests for one layer and for five, and round trips. */
const cases = [
  { name: "a. same repository", budget: [5, 5] },
  { name: "b. other repository", budget: [13, 21] },
  { name: "c. other registry", budget: [19, 43] },
] as const;

interface Counted {
  readonly requests: number;
  readonly wall: number;
}

/** Makes an index of two images by their tags: requests, and time with and without a round trip of 50 ms. */
export async function measureRequests(tools: Tools, workshop: Workshop): Promise<readonly Row[]> {
  await using near = await startRegistry({ version: 2, folder: join(workshop.path, "near") });
  await using far = await startRegistry({ version: 2, folder: join(workshop.path, "far") });
  await using nearProxy = await openProxy(near.host);
  await using farProxy = await openProxy(far.host);
  const proxies = [nearProxy, farProxy];
  const rows: Row[] = [];
  for (const [at, { name, budget }] of cases.entries()) {
    for (const [which, layers] of [1, 5].entries()) {
      const run = async (tool: ToolName, round: number, delay: number): Promise<Counted> => {
        const repository = `${"abc"[at]}${layers}/${tool}-${round}-${delay}`;
        const from = at === 0 ? `${nearProxy.host}/${repository}` : `${at === 1 ? nearProxy.host : farProxy.host}/${at === 1 ? "near" : "far"}/${layers}`;
        for (const proxy of proxies) proxy.reset(delay);
        if (at === 0) await seed(near.host, repository, layers);
        const command = commandOf(tool, tools, {
          target: `${nearProxy.host}/${repository}:v1`,
          sources: architectures.map((tag) => `${from}:${tag}`),
          hosts: proxies.map(({ host }) => host),
        });
        const { wall } = await workshop.run(command);
        return { requests: total(proxies), wall };
      };
      // Each source lies where it is needed and nowhere else: a tool that tries a mount across registries must not find it by its name.
      if (at === 1) await seed(near.host, `near/${layers}`, layers);
      if (at === 2) await seed(far.host, `far/${layers}`, layers);
      const quick = await inTurns(rounds, tools.keys(), (tool, round) => run(tool, round, 0));
      const slow = await inTurns(rounds, tools.keys(), (tool, round) => run(tool, round, roundTrip));
      const label = `${name}, ${layers} layer${layers === 1 ? "" : "s"}`;
      rows.push(medians(quick, { name: label, unit: "requests", limit: budget[which] ?? 0 }, ({ requests }) => requests));
      rows.push(medians(quick, { name: label, unit: "ms" }, ({ wall }) => wall));
      rows.push(medians(slow, { name: label, unit: `ms at ${roundTrip} ms a request` }, ({ wall }) => wall));
    }
  }
  return rows;
}

function total(proxies: readonly CountingProxy[]): number {
  return proxies.reduce((sum, proxy) => sum + proxy.count(), 0);
}

async function seed(host: string, repository: string, layers: number): Promise<void> {
  for (const architecture of architectures) await seedImage(host, repository, architecture, { architecture, layers });
}

interface Asked {
  readonly target: string;
  readonly sources: readonly string[];
  readonly hosts: readonly string[];
}

function commandOf(tool: ToolName, tools: Tools, { target, sources, hosts }: Asked): readonly string[] {
  const program = tools.get(tool) ?? tool;
  if (tool === "ocidex") return [program, "manifest", "create", "--tls-verify=false", `docker://${target}`, ...sources.map((source) => `docker://${source}`)];
  if (tool === "crane") return [program, "index", "append", "--insecure", ...sources.flatMap((source) => ["-m", source]), "-t", target];
  const plain = hosts.flatMap((host) => ["--host", `reg=${host},tls=disabled`]);
  return [program, ...plain, "index", "create", target, ...sources.flatMap((source) => ["--ref", source])];
}
