/** Shows the main job from beginning to end on what is always there: OCI layouts on disk and the local store; no server, no network. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { currentHost } from "../src/host/current.ts";
import { putSampleImage } from "./sample-image.ts";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "ocidex-demo-"));

function say(text: string): void {
  console.log(`\n# ${text}`);
}

/** Runs a command of ocidex in the demo's folder, shows it and what it prints, and ends the demo when it fails. */
function ocidex(...args: string[]): string {
  console.log(`$ ocidex ${args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ")}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "src/cli/main.ts"), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, OCIDEX_ROOT: join(folder, "store"), XDG_CACHE_HOME: join(folder, "cache") },
  });
  process.stdout.write(stderr);
  process.stdout.write(stdout === "" || stdout.endsWith("\n") ? stdout : `${stdout}\n`);
  if (status !== 0) throw new Error(`the command ended with ${status}`);
  return stdout;
}

try {
  console.log("ocidex builds, annotates, inspects and pushes OCI image indexes: one name for the images of many platforms.");

  say("Two CI jobs have built an image each, for amd64 and for arm64, into OCI layouts:");
  const host = await currentHost();
  for (const architecture of ["amd64", "arm64"]) {
    const files = { "hello.txt": `Hello from ${architecture}\n` };
    const { descriptor } = await putSampleImage(host, `oci:${join(folder, architecture)}:app`, { platform: { os: "linux", architecture }, files });
    console.log(`  oci:${architecture}:app  ${descriptor.digest}`);
  }

  say("Make one list of both; what is printed is its ID:");
  ocidex("manifest", "create", "app", "oci:amd64:app", "oci:arm64:app");

  say("Say what the image is. Registries such as ghcr.io read this from the index itself and nowhere else:");
  ocidex(
    "manifest",
    "annotate",
    "--index",
    "--annotation",
    "org.opencontainers.image.description=Says hello, on every machine",
    "--annotation",
    "org.opencontainers.image.licenses=Apache-2.0",
    "app",
  );

  say("Annotate one entry, named by its platform:");
  ocidex("manifest", "annotate", "app", "linux/arm64", "--annotation", "com.example.builder=runner-7");

  say("Look at it. It is an OCI index from its first moment; these are the members that will be pushed:");
  ocidex("manifest", "inspect", "app");

  say("Push it with its images to another layout; a registry would be docker://ghcr.io/me/app:1.0:");
  const pushed = ocidex("manifest", "push", "app", "oci:release:1.0").trim().split(" ").at(-1);

  say("What lies there has the digest that was printed, and is the index byte for byte:");
  ocidex("manifest", "inspect", "--output", "raw", "oci:release:1.0");

  say("A list can also be edited where it lies, in one command, without moving a layer:");
  ocidex("manifest", "annotate", "oci:release:1.0", "--annotation", "org.opencontainers.image.version=1.0");
  ocidex("manifest", "inspect", "--output", "table", "oci:release:1.0");

  console.log(`\nThe demo is done: ${pushed} was made, pushed and edited. Try it on your own images: npx ocidex manifest --help`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
