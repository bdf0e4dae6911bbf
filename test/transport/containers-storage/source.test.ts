import { beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOciError, readAll } from "../../../src/core/base/mod.ts";
import type { Event, Host } from "../../../src/core/port/mod.ts";
import { type ManifestDocument, parseLocation, type StorageLocation } from "../../../src/core/spec/mod.ts";
import { openTransports, type TransportOptions, type Transports } from "../../../src/core/transport/mod.ts";
import { currentHost } from "../../../src/host/current.ts";
import { putImage } from "../../helper/lists.ts";
import { copying, storageFiles, storedImage, storedList, useStorageTools, writeFiles } from "../../helper/storage.ts";

const tools = useStorageTools();
const app = storedImage({ names: ["localhost/app:latest"] });
const other = storedImage({ names: ["localhost/other:latest"], note: "other" });
const signed = storedImage({ names: ["localhost/signed:latest"], note: "signed", signatures: 9 });
const list = storedList(["localhost/list:latest"], [app.descriptor], {});

/** The image that a program writes, whichever was asked for. */
let copied: ManifestDocument;
let host: Host;

const path = (...parts: readonly string[]): string => join(tools.directory, ...parts);

beforeEach(async () => {
  const { environment, ...rest } = await currentHost();
  const variables: Readonly<Record<string, string>> = { TMPDIR: path("tmp"), CONTAINERS_STORAGE_CONF: path("storage.conf") };
  host = { ...rest, environment: { ...environment, user: 0, get: (name) => variables[name] } };
  for (const folder of ["tmp", "copies", "root"]) rmSync(path(folder), { recursive: true, force: true });
  mkdirSync(path("tmp"));
  copied = await putImage(host, `dir:${path("copies")}`, { layers: ["one", "two"] });
  writeFileSync(path("storage.conf"), `[storage]\ngraphroot = ${JSON.stringify(path("root"))}\n`);
  writeFiles(storageFiles(path("root"), [app, other, signed, list]));
});

function open(options: TransportOptions = {}): Transports {
  return openTransports(host, options);
}

function at(text: string): StorageLocation {
  const location = parseLocation(`containers-storage:${text}`);
  if (location.transport !== "containers-storage") throw new TypeError(text);
  return location;
}

const left = (): readonly string[] => readdirSync(path("tmp"));

/** Reads an image to the end, and returns what went wrong. */
async function failing(transports: Transports, text = "app"): Promise<string> {
  try {
    const source = await transports.source(at(text));
    await source.resolve();
  } catch (error) {
    if (!isOciError(error)) throw error;
    return `${error.code} ${error.message}`;
  }
  return "";
}

describe("containers-storage:", () => {
  test("gives what the program copies, once however often it is opened, and nothing is left at the end", async () => {
    tools.write("skopeo", copying);
    const transports = open();
    const source = await transports.source(at("app"));
    expect(source.isTemporary).toBe(true);
    const document = await source.resolve();
    expect(document).toEqual(copied);
    expect(await source.describe()).toEqual(copied.descriptor);
    expect(await source.manifest(copied.descriptor)).toEqual(copied);
    if (!("layers" in copied.value)) throw new TypeError("no image");
    const [one] = copied.value.layers;
    expect(new TextDecoder().decode(one && (await readAll(await source.blob(one), { limit: 10, what: "layer" })))).toBe("one");
    expect((await source.smallBlob(copied.value.config)).length).toBe(copied.value.config.size);
    for (const name of ["app", "localhost/app:latest", `@${app.id}`, `[overlay@${path("root")}]app`]) await (await transports.source(at(name))).resolve();
    expect(await transports.source(at("app"))).toBe(source);
    expect(tools.calls()).toHaveLength(1);
    const [directory = ""] = left();
    expect(statSync(path("tmp", directory)).mode & 0o777).toBe(0o700);
    await transports.close();
    expect(left()).toEqual([]);
  });

  test("gives every image a copy of its own, one after another", async () => {
    tools.write("skopeo", `[ ! -e "$to/../busy" ] || exit 1\n: > "$to/../busy"\nsleep 0.05\n${copying}\nrm "$to/../busy"`);
    const transports = open();
    await Promise.all(["app", "other", "app"].map(async (name) => (await transports.source(at(name))).resolve()));
    expect(tools.calls()).toHaveLength(2);
    expect(left()).toHaveLength(2);
    await transports.close();
    expect(left()).toEqual([]);
  });

  test("says of signatures that they stay behind", async () => {
    tools.write("skopeo", copying);
    const events: Event[] = [];
    const transports = open({ report: (event) => void events.push(event) });
    await (await transports.source(at("signed"))).resolve();
    await (await transports.source(at("app"))).resolve();
    const message = '"containers-storage:signed" is signed in the storage, as it lies there uncompressed: the signatures stay behind';
    expect(events).toEqual([{ type: "warning", message }]);
    await transports.close();
  });

  test("gives a list of buildah as it lies there, without any program, and none of its images", async () => {
    const source = await open().source(at("list"));
    expect((await source.resolve()).descriptor).toEqual(list.descriptor);
    await expect(source.manifest(app.descriptor)).rejects.toThrow("it is a list of container storage, whose images lie elsewhere");
    expect(tools.calls()).toEqual([]);
  });

  test("is not written, and the error says who writes there", async () => {
    await expect(open().place(at("app"))).rejects.toThrow(
      'Cannot write "containers-storage:app": images are read from container storage, and written there by podman and buildah only',
    );
  });
});

describe("the program that owns container storage", () => {
  const id = app.id;
  const words = (call: string): string => call.replace(/dir:.*/, "dir:DIR").replaceAll(tools.directory, "");
  const called = async (text: string, options: TransportOptions = {}): Promise<readonly string[]> => {
    const transports = open(options);
    await (await transports.source(at(text))).resolve();
    await transports.close();
    return tools.calls().map(words);
  };

  test("is skopeo, told which storage is meant only where it is not its own", async () => {
    for (const name of ["skopeo", "podman", "buildah"] as const) tools.write(name, copying);
    const copy = "skopeo --insecure-policy copy --quiet --dest-compress --remove-signatures";
    expect(await called("app")).toEqual([`${copy} containers-storage:@${id} dir:DIR`]);
    const storage = { root: path("root"), runRoot: "/run/x", driver: "overlay", options: ["overlay.a=1", "b=2"], imageStore: "/more" };
    expect((await called("app", { storage })).slice(1)).toEqual([
      `${copy} containers-storage:[overlay@/root+/run/x:overlay.a=1,b=2,overlay.imagestore=/more]@${id} dir:DIR`,
    ]);
    expect((await called(`[${path("root")}]app`)).slice(2)).toEqual([`${copy} containers-storage:[overlay@/root]@${id} dir:DIR`]);
  });

  test("is podman where there is no skopeo", async () => {
    for (const name of ["podman", "buildah"] as const) tools.write(name, copying);
    expect(await called("app")).toEqual([`podman push --quiet --compress --remove-signatures ${id} dir:DIR`]);
    const storage = { root: path("root"), runRoot: "/run/x", options: ["overlay.a=1"], imageStore: "/more" };
    expect((await called("app", { storage })).slice(1)).toEqual([
      `podman --root=/root --runroot=/run/x --storage-driver=overlay --storage-opt=overlay.a=1 --storage-opt=overlay.imagestore=/more push --quiet --compress --remove-signatures ${id} dir:DIR`,
    ]);
  });

  test("is buildah where there is neither", async () => {
    tools.write("buildah", copying);
    expect(await called("app")).toEqual([`buildah push --quiet --remove-signatures ${id} dir:DIR`]);
    expect((await called("app", { storage: { driver: "overlay" } })).slice(1)).toEqual([
      `buildah --root=/root --storage-driver=overlay push --quiet --remove-signatures ${id} dir:DIR`,
    ]);
  });

  test("is another than skopeo for a directory that its grammar cannot say", async () => {
    writeFiles(storageFiles(path("a+b:c"), [app]));
    for (const name of ["skopeo", "buildah"] as const) tools.write(name, copying);
    expect(await called("app", { storage: { root: path("a+b:c") } })).toEqual([
      `buildah --root=/a+b:c --storage-driver=overlay push --quiet --remove-signatures ${id} dir:DIR`,
    ]);
    rmSync(path("a+b:c"), { recursive: true });
  });

  test("is another for such a directory after skopeo was found, and the error names only those that can say it", async () => {
    writeFiles(storageFiles(path("a+b:c"), [app]));
    const transports = open({ storage: { root: path("a+b:c") } });
    tools.write("skopeo", copying);
    tools.write("buildah", copying);
    for (const text of [`[overlay@${path("root")}]app`, "app"]) expect(await failing(transports, text)).toBe("");
    expect(tools.calls().map((call) => call.split(" ")[0])).toEqual(["skopeo", "buildah"]);
    await transports.close();
    rmSync(path("bin/buildah"));
    expect(await failing(open({ storage: { root: path("a+b:c") } }))).toContain("read by podman or buildah, and none of them is installed");
    rmSync(path("a+b:c"), { recursive: true });
  });

  test("is looked for once", async () => {
    tools.write("podman", `rm "$(dirname "$0")/podman"\n${copying}`);
    const transports = open();
    await (await transports.source(at("app"))).resolve();
    tools.write("skopeo", copying);
    expect(await failing(transports, "other")).toContain("none of them is installed");
    await transports.close();
  });

  test("is missing: the error says what to install", async () => {
    expect(await failing(open())).toBe(
      'UNSUPPORTED Cannot read "containers-storage:app": container storage is read by skopeo, podman or buildah, and none of them is installed, expected one, for example of the package "skopeo"',
    );
    expect(left()).toEqual([]);
  });

  test("is not asked for an image or a storage that is not there, which it would make", async () => {
    tools.write("skopeo", copying);
    expect(await failing(open(), "nope")).toContain('has no such image, it has "localhost/app:latest"');
    expect(await failing(open({ storage: { root: path("nowhere") } }))).toContain(`there is no container storage in "${path("nowhere")}"`);
    expect([existsSync(path("nowhere")), tools.calls()]).toEqual([false, []]);
  });

  test("is not asked where the list of images is a link, or something that never ends", async () => {
    tools.write("skopeo", copying);
    const images = path("root", "overlay-images", "images.json");
    for (const put of [() => symlinkSync("/dev/zero", images), () => mkdirSync(images)]) {
      rmSync(images, { recursive: true });
      put();
      expect(await failing(open())).toBe(
        `INVALID Cannot use images of container storage "${images}": "${images}" is not a plain file, and links are not followed`,
      );
    }
    expect(tools.calls()).toEqual([]);
  });

  const broken: Readonly<Record<string, readonly [script: string, says: string | RegExp]>> = {
    fails: ['echo "first" >&2; echo "Error: no space left" >&2; exit 3', 'IO Cannot read "containers-storage:app": skopeo ended with status 3: no space left'],
    "dies half way": [
      `head -c 1 "$copies/manifest.json" > "$to/manifest.json"; kill -9 $$`,
      'IO Cannot read "containers-storage:app": skopeo ended with status 137',
    ],
    "logs as the containers tools do": [
      `echo 'time="2026-01-01T00:00:00Z" level=fatal msg="reading \\"a\\": it is \\x1b[31mbroken" x=1' >&2; exit 1`,
      'IO Cannot read "containers-storage:app": skopeo ended with status 1: reading "a": it is \\x1b[31mbroken',
    ],
    "cannot begin again in a user namespace": [
      `echo 'time="x" level=error msg="finding newgidmap: no such file"' >&2; echo 'time="x" level=error msg="(Unable to determine exit status)"' >&2; exit 1`,
      'IO Cannot read "containers-storage:app": skopeo ended with status 1: finding newgidmap: no such file',
    ],
    "steers the terminal": [
      "printf 'a\\033]0;title\\007b' >&2; exit 1",
      'IO Cannot read "containers-storage:app": skopeo ended with status 1: a\\x1b]0;title\\x07b',
    ],
    "says much at last": [`i=0; while [ $i -lt 999 ]; do printf %s words; i=$((i+1)); done >&2; exit 1`, /status 1: (?:words){99}word…$/],
    "prints without end": ["yes 'words of a tool'", 'LIMIT Cannot read "containers-storage:app": Cannot run "skopeo": it printed more than 1048576 bytes'],
    "prints errors without end": ["yes >&2", "it printed more than 1048576 bytes"],
    "writes nothing": [":", 'INVALID Cannot read "containers-storage:app": what was copied from container storage is no image'],
    "writes half a manifest": ['head -c 100 "$copies/manifest.json" > "$to/manifest.json"', "what was copied from container storage is no image"],
    "writes a list": [
      `echo '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}' > "$to/manifest.json"`,
      "what was copied from container storage is no image",
    ],
  };
  for (const [what, [script, says]] of Object.entries(broken)) {
    test(`that ${what} gives one error, and leaves nothing`, async () => {
      tools.write("skopeo", script);
      const transports = open();
      const message = await failing(transports);
      expect(message).toMatch(says);
      expect(left()).toEqual([]);
      expect(await failing(transports)).toBe(message);
      await transports.close();
    });
  }

  test("that leaves out a layer, or writes another, is found out where it is read", async () => {
    if (!("layers" in copied.value)) throw new TypeError("no image");
    const [one, two] = copied.value.layers;
    const file = (digest: string | undefined): string => `"$to/${digest?.slice(7)}"`;
    tools.write("skopeo", `${copying}\nrm ${file(one?.digest)}\nprintf twp > ${file(two?.digest)}`);
    const transports = open();
    const source = await transports.source(at("app"));
    await source.resolve();
    const read = async (layer = one) => layer && readAll(await source.blob(layer), { limit: 10, what: "layer" });
    await expect(read()).rejects.toThrow(one?.digest);
    await expect(read(two)).rejects.toThrow(`expected ${two?.digest}`);
    await transports.close();
    expect(left()).toEqual([]);
  });

  test("is ended by the signal, with all that it has started, and what it wrote is removed", async () => {
    tools.write("skopeo", `${copying}\n(while :; do echo more >> "$to/more"; sleep 0.01; done) & : > "$to/../started"\nwait`);
    const controller = new AbortController();
    const source = await open().source(at("app"));
    const reading = source.resolve({ signal: controller.signal });
    while (!existsSync(path("tmp", "started"))) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    expect(left()).toEqual(["started"]);
    await expect(source.resolve({ signal: controller.signal })).rejects.toThrow("enough");
  });

  test("is waited for at the end, also where nobody does any more", async () => {
    tools.write("skopeo", `: > "$to/../started"\nsleep 0.1\n${copying}`);
    const transports = open();
    const reading = (await transports.source(at("app"))).resolve();
    reading.catch(() => {});
    while (!existsSync(path("tmp", "started"))) await new Promise((resolve) => setTimeout(resolve, 5));
    await transports.close();
    expect(left()).toEqual(["started"]);
  });
});
