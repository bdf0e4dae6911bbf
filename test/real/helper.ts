import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** Where `.ci/run` puts the peers it builds. */
export const tools: string = process.env.OCIDEX_CI_CACHE ?? join(homedir(), ".cache", "ocidex-ci");

/** The built programs: `npm run build` has made them. */
export const programs: Readonly<Record<"executable" | "npm bundle", readonly [string, ...string[]]>> = {
  executable: [join(process.cwd(), "dist/ocidex")],
  "npm bundle": ["node", join(process.cwd(), "dist/ocidex.mjs")],
};

/** A folder that is removed when the test ends. */
export class Scratch implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "ocidex-real-"));

  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What a command left. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export function run(
  command: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Ran {
  const [file = "", ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd: options.cwd,
    encoding: "utf8",
    env: { ...process.env, ...options.env },
    maxBuffer: 1 << 28,
    ...(options.input !== undefined && { input: options.input }),
  });
  if (error) throw error;
  return { status: status ?? 128, stdout, stderr };
}

/** Runs a command that must succeed and returns what it printed. */
export function must(command: readonly string[], options: Parameters<typeof run>[1] = {}): string {
  const { status, stdout, stderr } = run(command, options);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** A registry server that runs. */
export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
}

/** How a registry runs. */
export interface RegistryStart {
  /** Which server: Debian's 2.8, or version 3 as `.ci/run` builds it. */
  readonly version: 2 | 3;
  /** Folder for its files. */
  readonly folder: string;
  /** User and password it wants. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Certificate and key files, and the file of the authority whose clients alone are let in. @default anybody is */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clients?: string };
}

/** Starts a real registry on a free port; it is stopped by its process number. */
export async function startRegistry(options: RegistryStart): Promise<RunningRegistry> {
  const port = await freePort();
  mkdirSync(options.folder, { recursive: true });
  const config = join(options.folder, "config.yml");
  const lines = [
    "version: 0.1",
    "log: {level: error}",
    `storage: {filesystem: {rootdirectory: ${join(options.folder, "data")}}, delete: {enabled: true}}`,
    "http:",
    `  addr: 127.0.0.1:${port}`,
  ];
  if (options.tls) {
    const { certificate, key, clients } = options.tls;
    lines.push(`  tls: {certificate: ${certificate}, key: ${key}${clients === undefined ? "" : `, clientcas: [${clients}]`}}`);
  }
  if (options.login) {
    const file = join(options.folder, "htpasswd");
    writeFileSync(file, execFileSync("htpasswd", ["-Bbn", options.login.user, options.login.password]));
    lines.push(`auth: {htpasswd: {realm: test, path: ${file}}}`);
  }
  writeFileSync(config, `${lines.join("\n")}\n`);
  const server = options.version === 2 ? "docker-registry" : join(tools, "bin", "registry");
  const child = spawn(server, ["serve", config], { stdio: ["ignore", "ignore", "pipe"] });
  const host = `127.0.0.1:${port}`;
  await answers(child, port);
  return { host, [Symbol.asyncDispose]: () => stop(child) };
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

/** Waits until the server accepts connections, or has ended. */
async function answers(child: ChildProcess, port: number): Promise<void> {
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += String(chunk);
  });
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}: ${errors}`);
    const { connect } = await import("node:net");
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the registry does not answer");
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

/** Returns the path of a peer that `.ci/run` builds, or undefined where it is missing. */
export function peer(name: string): string | undefined {
  const path = join(tools, "bin", name);
  return existsSync(path) ? path : undefined;
}
