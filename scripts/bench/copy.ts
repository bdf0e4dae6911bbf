import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isImageIndex, mediaTypes, parseManifest } from "../../src/core/spec/mod.ts";
import { startRegistry } from "../../test/real/helper.ts";
import { seedImage, seedManifest } from "../../test/real/seed.ts";
import { inTurns, medians, type Row, type ToolName, type Tools, type Workshop } from "./measure.ts";

const rounds = 3;
const mebibyte = 2 ** 20;
const layerSize = 256 * mebibyte;
const memoryLimit = 128;

/** Copies an index with two images of 256 MiB from one registry to another. */
export async function measureCopy(tools: Tools, workshop: Workshop): Promise<readonly Row[]> {
  await using from = await startRegistry({ version: 2, folder: join(workshop.path, "from") });
  await using to = await startRegistry({ version: 2, folder: join(workshop.path, "to") });
  const manifests = [];
  for (const architecture of ["amd64", "arm64"]) {
    manifests.push({ ...(await seedImage(from.host, "big", undefined, { architecture, layerSize })), platform: { os: "linux", architecture } });
  }
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  await seedManifest(from.host, "big", "1", index);
  const results = await inTurns(rounds, tools.keys(), (tool, round) => {
    const target = `${to.host}/${tool}/round-${round}:1`;
    return workshop.run(commandOf(tool, tools, { source: `${from.host}/big:1`, target, hosts: [from.host, to.host] }), { memory: true });
  });
  const digests = await layersOf(
    from.host,
    manifests.map(({ digest }) => digest),
  );
  const alone = await inTurns(rounds, ["ocidex"], (_, round) => workshop.run(bareCopy(from.host, to.host, { round, digests }), { memory: true }));
  const name = "copy 2 × 256 MiB";
  return [
    medians(results, { name, unit: "s" }, ({ wall }) => wall / 1000),
    medians(results, { name, unit: "s of processor" }, ({ cpu }) => cpu),
    medians(results, { name, unit: "MiB resident", limit: memoryLimit }, ({ peak }) => peak / mebibyte),
    medians(results, { name, unit: "MiB a second (more is better)" }, ({ wall }) => (2 * layerSize) / mebibyte / (wall / 1000)),
    medians(alone, { name: "the layers by the runtime alone", unit: "s" }, ({ wall }) => wall / 1000),
    medians(alone, { name: "the layers by the runtime alone", unit: "s of processor" }, ({ cpu }) => cpu),
  ];
}

/** Returns the digests of the layers of images. */
async function layersOf(host: string, digests: readonly string[]): Promise<readonly string[]> {
  const layers: string[] = [];
  for (const digest of digests) {
    const answer = await fetch(`http://${host}/v2/big/manifests/${digest}`, { headers: { accept: mediaTypes.ociManifest } });
    const manifest = parseManifest(new Uint8Array(await answer.arrayBuffer()));
    if (!isImageIndex(manifest)) layers.push(...manifest.layers.map((layer) => layer.digest));
  }
  return layers;
}

interface Bare {
  readonly round: number;
  readonly digests: readonly string[];
}

function bareCopy(from: string, to: string, { round, digests }: Bare): readonly string[] {
  const program = fileURLToPath(new URL("./bare-copy.ts", import.meta.url));
  return [process.execPath, program, `http://${from}/v2/big`, `http://${to}/v2/bare/round-${round}`, ...digests];
}

interface Asked {
  readonly source: string;
  readonly target: string;
  readonly hosts: readonly string[];
}

function commandOf(tool: ToolName, tools: Tools, { source, target, hosts }: Asked): readonly string[] {
  const program = tools.get(tool) ?? tool;
  if (tool === "ocidex") return [program, "manifest", "push", "--tls-verify=false", `docker://${source}`, `docker://${target}`];
  if (tool === "crane") return [program, "copy", "--insecure", source, target];
  return [program, ...hosts.flatMap((host) => ["--host", `reg=${host},tls=disabled`]), "image", "copy", source, target];
}
