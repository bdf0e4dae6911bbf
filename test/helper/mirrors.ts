import { parseLocation } from "../../src/core/spec/mod.ts";
import { currentHost } from "../../src/host/current.ts";
import { type MemoryHost, type MemoryHostOptions, memoryHost } from "../../src/host/memory.ts";
import { type RegistryOptions, type SeededImage, seedImage, startRegistry, type TestRegistry } from "./registry.ts";

const running: TestRegistry[] = [];

/** Starts a registry; {@linkcode stopAll} ends it. */
export async function start(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  running.push(registry);
  return registry;
}

/** Ends what {@linkcode start} started. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((registry) => registry.stop()));
}

/** Where a test's registries.conf lies. */
export const conf = "/etc/containers/registries.conf";

/** Returns a host in memory with this registries.conf, on the network of the runtime. */
export async function hostWith(text: string, options: MemoryHostOptions = {}): Promise<MemoryHost> {
  const { fetch } = await currentHost();
  return memoryHost({ fetch, environment: { home: "/home/me", user: 1000 }, ...options, files: { ...options.files, [conf]: text } });
}

/** Returns a registries.conf for `registry` with these mirrors, all of them without TLS. */
export function mirrored(registry: TestRegistry, mirrors: readonly TestRegistry[], more = ""): string {
  const lines = mirrors.map(({ host }) => `[[registry.mirror]]\nlocation = "${host}/copy"\ninsecure = true\n`);
  return `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n${more}\n${lines.join("")}`;
}

/** Puts the same image into the repository `app` of a registry and `copy/app` of its mirrors. */
export function seed(registry: TestRegistry, ...mirrors: readonly TestRegistry[]): SeededImage {
  for (const mirror of mirrors) seedImage(mirror, "copy/app", "1", { seed: "same" });
  return seedImage(registry, "app", "1", { seed: "same" });
}

/** Returns what a registry was asked, digests shortened. */
export function asked(registry: TestRegistry): readonly string[] {
  return registry.requests.map(({ method, path }) => `${method} ${path.replace(/(sha256:.{4}).*/, "$1")}`);
}

/** Returns a location in a registry. */
export function locate({ host }: TestRegistry, name = "app:1"): ReturnType<typeof parseLocation> {
  return parseLocation(`docker://${host}/${name}`);
}
