import { describe, expect, test } from "bun:test";
import type { Run } from "../../../src/core/port/mod.ts";
import { putImage } from "../../helper/lists.ts";
import { storageFiles, storedImage } from "../../helper/storage.ts";
import { skopeoOf } from "../../helper/storage-desk.ts";
import { openShell, type Shell } from "./shell.ts";

const app = storedImage({ names: ["localhost/app:latest"] });
const more = storedImage({ names: ["localhost/more:latest"], note: "more" });
const own = "/home/me/.local/share/containers/storage";

interface Storage extends Shell {
  /** What skopeo was told to copy. */
  readonly sources: () => readonly (string | undefined)[];
}

/** Opens a shell with container storage: the user's, one in /buildah with two drivers, and a further directory of images. */
async function open(): Promise<Storage> {
  const commands: string[] = [];
  const files = {
    ...storageFiles(own, [app]),
    ...storageFiles("/buildah", [app]),
    ...storageFiles("/buildah", [app], "vfs"),
    ...storageFiles("/third", [more]),
  };
  const run: Run = (command, options) => skopeoOf(shell.host, commands)(command, options);
  const shell = await openShell({ files, run });
  for (const { id } of [app, more]) await putImage(shell.host, `dir:/copies/${id}`);
  return { ...shell, sources: () => commands.map((command) => command.split(" ").at(-2)) };
}

/** Returns what skopeo was told, of a list that is created with these flags. */
async function source(flags: readonly string[], image = "app"): Promise<string | undefined> {
  const { run, sources } = await open();
  const { status, errors } = await run(...flags, "manifest", "create", "list", image);
  expect([status, errors]).toEqual([0, ""]);
  return sources()[0];
}

describe("the flags of container storage", () => {
  const flags: Readonly<Record<string, readonly [flags: readonly string[], specifier: string, image?: string]>> = {
    "none of them": [[], ""],
    "--root": [["--root", "/buildah"], "[overlay@/buildah]"],
    "--runroot": [["--runroot=/run/x"], `[overlay@${own}+/run/x]`],
    "--storage-driver": [["--root", "/buildah", "--storage-driver", "vfs"], "[vfs@/buildah]"],
    "--storage-opt": [["--storage-opt", "overlay.a=1,overlay.b=2", "--storage-opt", "c=3"], `[overlay@${own}:overlay.a=1,overlay.b=2,c=3]`],
    "--imagestore": [["--imagestore", "/third"], `[overlay@${own}:overlay.imagestore=/third]`, "more"],
  };
  for (const [name, [given, specifier, image]] of Object.entries(flags)) {
    test(`${name} is handed on to the program that reads it`, async () => {
      expect(await source(given, image)).toBe(`containers-storage:${specifier}@${(image === undefined ? app : more).id}`);
    });
  }

  test("--root of a directory without container storage leaves none, and none is made there", async () => {
    const { host, run, fail, sources } = await open();
    const { status, errors } = await run("--root", "/lists", "manifest", "create", "list", "containers-storage:app");
    expect([status, errors]).toEqual([
      125,
      'Error: Cannot read "containers-storage:app": there is no container storage in "/lists", or none that may be read, expected containers-storage:[DRIVER@DIR]NAME for another\n',
    ]);
    expect(await fail("create", "--root", "/lists", "list", "app")).toContain(
      'Cannot find image "app": it is neither a local list nor in container storage, and',
    );
    expect([await host.files.status("/lists"), sources()]).toEqual([undefined, []]);
    expect(await fail("create", "--root=/lists", "list", `containers-storage:[overlay@${own}]nope`)).toContain("has no such image");
  });
});

describe("containers-storage: as LIST or DEST", () => {
  const refusal = "images are read from container storage, and written there by podman and buildah only";

  test("is refused, and the error says why", async () => {
    const { must, fail, sources } = await open();
    await must("create", "list", "oci:/src:amd64");
    expect(await fail("push", "list", "containers-storage:list")).toContain(`Cannot write "containers-storage:list": ${refusal}`);
    for (const words of [["create"], ["add", "X", "oci:/src:amd64"], ["annotate", "--annotation", "a=1", "X"], ["remove", "X", "linux/amd64"], ["rm", "X"]]) {
      const line = words.includes("X") ? words.map((word) => (word === "X" ? "containers-storage:app" : word)) : [...words, "containers-storage:app"];
      expect(await fail(...line)).toContain(refusal);
    }
    expect(sources()).toEqual([]);
  });

  test("can be looked at", async () => {
    const { inspect } = await open();
    expect((await inspect("containers-storage:app")).mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
  });
});
