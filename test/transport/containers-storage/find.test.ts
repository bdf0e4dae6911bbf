import { describe, expect, test } from "bun:test";
import { formatLocation, parseLocation, parsePlatform, type StorageLocation } from "../../../src/core/spec/mod.ts";
import { openTransports, type TransportOptions } from "../../../src/core/transport/mod.ts";
import { type MemoryHostOptions, memoryHost } from "../../../src/host/memory.ts";
import { type Files, storageFiles, storedImage } from "../../helper/storage.ts";

const root = "/var/lib/containers/storage";
const app = storedImage({ names: ["localhost/app:latest", "localhost/app:1"], note: "app" });
const tool = storedImage({ names: ["docker.io/library/tool:latest"], note: "tool" });
const far = storedImage({ names: ["quay.io/team/far:latest", "quay.io/team/far:2"], note: "far" });
const nameless = storedImage({ note: "nameless" });
const all = [app, tool, far, nameless];

interface Setting {
  readonly files?: Files;
  readonly environment?: MemoryHostOptions["environment"];
  readonly variables?: Readonly<Record<string, string>>;
  readonly options?: TransportOptions;
}

function open({ files = storageFiles(root, all), environment = { user: 0, home: "/root" }, variables = {}, options }: Setting = {}) {
  const run = () => Promise.reject(new Error("a program was run"));
  return openTransports(memoryHost({ files, environment, variables, run }), options).storage;
}

/** Returns the ID of what a name means. */
async function find(name: string, setting?: Setting): Promise<string | undefined> {
  return (await open(setting).find(name))?.id;
}

describe("a name without transport means in container storage", () => {
  test("what was built here, with or without the host and the tag that buildah gives it", async () => {
    for (const name of ["app", "app:latest", "app:1", "localhost/app", "localhost/app:1"]) expect(await find(name)).toBe(app.id);
    expect(await find("app:2")).toBeUndefined();
    expect(await find("localhost/tool")).toBeUndefined();
  });

  test("what is called so on Docker Hub, and whatever else ends in it", async () => {
    for (const name of ["tool", "docker.io/tool", "docker.io/library/tool:latest"]) expect(await find(name)).toBe(tool.id);
    for (const name of ["far", "far:2", "team/far", "quay.io/team/far"]) expect(await find(name)).toBe(far.id);
    for (const name of ["ar", "am/far", "far:3", "quay.io/far"]) expect(await find(name)).toBeUndefined();
  });

  test("its alias before the name it would have here, and that before the registries that are searched", async () => {
    const named = (name: string, note: string) => storedImage({ names: [name], note });
    const [alias, local, searched] = [named("r.test/team/x:latest", "alias"), named("localhost/x:latest", "local"), named("s.test/x:latest", "searched")];
    const conf = 'unqualified-search-registries = ["s.test"]\n';
    const of = (images: typeof all, text: string) => find("x", { files: { ...storageFiles(root, images), "/etc/containers/registries.conf": text } });
    expect(await of([searched, local, alias], `${conf}[aliases]\nx = "r.test/team/x"\n`)).toBe(alias.id);
    expect(await of([searched, local], `${conf}[aliases]\nx = "r.test/team/x"\n`)).toBe(local.id);
    expect(await of([named("docker.io/library/x:latest", "hub"), searched], conf)).toBe(searched.id);
  });

  test("an ID, whole or three digits of it and more, unless an image is called so", async () => {
    for (const name of [app.id, `sha256:${app.id}`, app.id.slice(0, 12), app.id.slice(0, 3)]) expect(await find(name)).toBe(app.id);
    expect(await find(nameless.id.slice(0, 7))).toBe(nameless.id);
    expect(await find(app.id.slice(0, 2))).toBeUndefined();
    const called = storedImage({ names: [`localhost/${app.id.slice(0, 12)}:latest`], note: "called" });
    expect(await find(app.id.slice(0, 12), { files: storageFiles(root, [app, called]) })).toBe(called.id);
  });

  test("nothing with a digest, which is a registry's", async () => {
    expect(await find(`localhost/app@${app.descriptor.digest}`)).toBeUndefined();
    expect(await find(`app:1@${app.descriptor.digest}`)).toBeUndefined();
  });

  test("only what has the platforms that are asked for", async () => {
    const arm = storedImage({ names: ["localhost/arm:latest"], platform: "linux/arm64" });
    const storage = open({ files: storageFiles(root, [arm]) });
    const [arm64, amd64] = ["linux/arm64", "linux/amd64"].map(parsePlatform);
    expect((await storage.find("arm", arm64 && [arm64]))?.id).toBe(arm.id);
    expect(await storage.find("arm", amd64 && [amd64])).toBeUndefined();
    expect(await storage.find("arm", arm64 && amd64 && [arm64, amd64])).toBeUndefined();
  });

  test("an error that lists them, where several images have it", async () => {
    const other = storedImage({ names: ["other.test/far:latest"], note: "other" });
    const several = find("far", { files: storageFiles(root, [far, other]) });
    await expect(several).rejects.toThrow(
      'Cannot choose an image for "far": container storage has "quay.io/team/far:latest", "other.test/far:latest", expected the',
    );
  });
});

describe("container storage is looked for", () => {
  const one = storageFiles(root, [app]);

  test("nowhere else, once a name has a storage without images, and nothing is made", async () => {
    for (const files of [{}, { [`${root}/overlay-images/images.lock`]: "" }, storageFiles(root, [])]) expect(await find("app", { files })).toBeUndefined();
    const host = memoryHost({ environment: { user: 0 } });
    expect(await openTransports(host).storage.find("app")).toBeUndefined();
    expect(await host.files.list("/")).toEqual([]);
  });

  test("in the home of a user who is not root, and where his storage.conf says", async () => {
    const environment = { user: 1000, home: "/home/me" };
    const own = storageFiles("/home/me/.local/share/containers/storage", [app]);
    expect(await find("app", { files: own, environment })).toBe(app.id);
    expect(await find("app", { files: storageFiles("/data/containers/storage", [app]), environment, variables: { XDG_DATA_HOME: "/data" } })).toBe(app.id);
    expect(await find("app", { files: one, environment })).toBeUndefined();
    const conf = { "/home/me/.config/containers/storage.conf": `[storage]\ngraphroot = "$HOME/${"$"}{WHERE}/$UID"\n` };
    const there = { ...conf, ...storageFiles("/home/me/there/1000", [tool]), ...own };
    expect(await find("tool", { files: there, environment, variables: { WHERE: "there" } })).toBe(tool.id);
    const system = { "/etc/containers/storage.conf": '[storage]\ngraphroot = "/var/lib/containers/storage"\nrootless_storage_path = "/shared/$USER"\n' };
    expect(await find("tool", { files: { ...system, ...storageFiles("/shared/me", [tool]), ...own, ...one }, environment, variables: { USER: "me" } })).toBe(
      tool.id,
    );
    expect(await find("app", { files: own, environment: { user: 0, home: "/home/me" }, variables: { _CONTAINERS_ROOTLESS_UID: "1000" } })).toBe(app.id);
  });

  test("where the files of the system say, or the one that a variable names", async () => {
    const elsewhere = storageFiles("/big/storage", [tool]);
    const say = (text: string) => ({
      ...one,
      ...elsewhere,
      "/etc/containers/storage.conf": text,
      "/usr/share/containers/storage.conf": '[storage]\ngraphroot = "/none"\n',
    });
    expect(await find("tool", { files: say('[storage]\ngraphroot = "/big/storage"\n') })).toBe(tool.id);
    expect(await find("app", { files: say("") })).toBe(app.id);
    const variables = { CONTAINERS_STORAGE_CONF: "/my.conf" };
    expect(await find("tool", { files: { ...say(""), "/my.conf": '[storage]\ngraphroot = "/big/storage"\n' }, variables })).toBe(tool.id);
    await expect(find("app", { files: one, variables })).rejects.toThrow('Cannot use storage configuration "/my.conf": no such file');
    await expect(find("app", { files: say("[storage]\ngraphroot = 7\n") })).rejects.toThrow(
      'Cannot use storage configuration "/etc/containers/storage.conf", line 2: graphroot must be string, not 7',
    );
  });

  test("with the driver that is settled, else the one whose files are there", async () => {
    const files = { ...storageFiles(root, [app], "vfs"), ...storageFiles(root, [tool], "overlay") };
    expect([await find("app", { files }), await find("tool", { files })]).toEqual([undefined, tool.id]);
    expect(await find("app", { files, variables: { STORAGE_DRIVER: "vfs" } })).toBe(app.id);
    expect(await find("tool", { files, variables: { STORAGE_DRIVER: "overlay2" } })).toBe(tool.id);
    expect(await find("app", { files: { ...files, "/etc/containers/storage.conf": '[storage]\ndriver = "vfs"\n' } })).toBe(app.id);
    expect(await find("app", { files, options: { storage: { driver: "vfs" } } })).toBe(app.id);
    expect(await find("app", { files: storageFiles(root, [app], "vfs") })).toBe(app.id);
    expect(await find("app", { files: storageFiles(root, [app], "unheard") })).toBe(app.id);
  });

  test("in the further directories of images", async () => {
    const files = { ...one, ...storageFiles("/more", [tool]), ...storageFiles("/third", [far]) };
    const conf = '[storage]\nimagestore = "/third"\n[storage.options]\nadditionalimagestores = ["/more", 7]\n';
    expect(await find("tool", { files: { ...files, "/etc/containers/storage.conf": conf } })).toBe(tool.id);
    expect(await find("far", { files: { ...files, "/etc/containers/storage.conf": conf } })).toBe(far.id);
    expect(await find("tool", { files, variables: { STORAGE_OPTS: "overlay.imagestore=/more" } })).toBe(tool.id);
    expect(await find("tool", { files, options: { storage: { imageStore: "/more" } } })).toBe(tool.id);
    expect(await find("tool", { files, options: { storage: { options: ["overlay.imagestore=/more"] } } })).toBe(tool.id);
  });

  test("where it is said to be, and there only", async () => {
    const files = { ...one, ...storageFiles("/mine", [tool]) };
    const options = { storage: { root: "/mine", runRoot: "/run/mine", options: ["overlay.x=1"] } };
    expect(await find("app", { files, options })).toBeUndefined();
    const found = await open({ files, options }).find("tool");
    expect(found).toEqual({
      transport: "containers-storage",
      specifier: { driver: "overlay", root: "/mine", runRoot: "/run/mine", options: ["overlay.x=1"] },
      name: "tool",
      id: tool.id,
    });
    expect(found && formatLocation(found)).toBe(`containers-storage:[overlay@/mine+/run/mine:overlay.x=1]tool@${tool.id}`);
  });

  test("and is not taken for empty, where its list is damaged", async () => {
    const broken = (text: string) => find("app", { files: { [`${root}/overlay-images/images.json`]: text } });
    await expect(broken("[{")).rejects.toThrow('Cannot read images of container storage "/var/lib/containers/storage/overlay-images/images.json"');
    await expect(broken('[{"id":"../x"}]')).rejects.toThrow("at 0.id: expected /^[0-9a-f]{64}$/");
    expect(await broken("null")).toBeUndefined();
    expect(await broken("")).toBeUndefined();
  });
});

describe("containers-storage: means", () => {
  const resolve = (text: string, setting?: Setting): Promise<StorageLocation> => {
    const location = parseLocation(text);
    if (location.transport !== "containers-storage") throw new TypeError(text);
    return open(setting).resolve(location);
  };
  const id = async (text: string, setting?: Setting) => (await resolve(`containers-storage:${text}`, setting)).id;

  test("a name as the transport completes it, else as buildah does", async () => {
    expect(await id("tool")).toBe(tool.id);
    expect(await id("app:1")).toBe(app.id);
    const hub = storedImage({ names: ["docker.io/library/app:latest"], note: "hub" });
    expect(await id("app", { files: storageFiles(root, [app, hub]) })).toBe(hub.id);
    expect(await find("app", { files: storageFiles(root, [app, hub]) })).toBe(app.id);
  });

  test("an ID, three digits of it or more", async () => {
    for (const text of [`@${app.id}`, app.id, `@${app.id.slice(0, 3)}`, app.id.slice(0, 9), `gone@${app.id}`]) expect(await id(text)).toBe(app.id);
    const many = [...Array(400).keys()].map((note) => storedImage({ note: String(note) }));
    const twins = many.filter((image) => many.filter((other) => other.id.slice(0, 3) === image.id.slice(0, 3)).length > 1);
    const start = twins[0]?.id.slice(0, 3);
    await expect(id(`@${start}`, { files: storageFiles(root, many) })).rejects.toThrow(`Cannot choose an image for "containers-storage:@${start}"`);
    await expect(find(String(start), { files: storageFiles(root, many) })).resolves.toBeUndefined();
  });

  test("an image by a digest of its manifest", async () => {
    expect(await id(`localhost/app@${app.descriptor.digest}`)).toBe(app.id);
    expect(await id(`localhost/app:7@${app.descriptor.digest}`)).toBe(app.id);
    await expect(id(`localhost/app@${tool.descriptor.digest}`)).rejects.toThrow("has no such image");
  });

  test("a storage that the location itself says", async () => {
    const files = { ...storageFiles(root, [app]), ...storageFiles("/mine", [tool], "vfs") };
    const location = await resolve("containers-storage:[vfs@/mine+/run/mine]tool", { files });
    expect(formatLocation(location)).toBe(`containers-storage:[vfs@/mine+/run/mine]tool@${tool.id}`);
    expect(await resolve(formatLocation(location), { files })).toEqual(location);
    await expect(id("[vfs@/mine]app", { files })).rejects.toThrow('container storage "/mine" has no such image, it has "docker.io/library/tool:latest"');
  });

  test("an error that says where it was looked for, and what is there", async () => {
    await expect(id("app", { files: {} })).rejects.toThrow(
      'Cannot read "containers-storage:app": there is no container storage in "/var/lib/containers/storage", or none that may be read, expected containers-storage:[DRIVER@DIR]NAME for another',
    );
    const environment = { user: 1000, home: "/home/me" };
    await expect(id("app", { files: {}, environment })).rejects.toThrow(
      'no container storage in "/home/me/.local/share/containers/storage", or none that may be read, expected',
    );
    await expect(id("nope", { files: storageFiles(root, [app, nameless]) })).rejects.toThrow(
      `container storage "${root}" has no such image, it has "localhost/app:latest", ${nameless.id.slice(0, 12)}`,
    );
  });
});
