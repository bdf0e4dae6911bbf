import { describe, expect, test } from "bun:test";
import { openRegistries, type Registries, type RegistriesOptions } from "../../src/core/settings/mod.ts";
import { formatReference, parseReference } from "../../src/core/spec/mod.ts";
import { type MemoryHostOptions, memoryHost } from "../../src/host/memory.ts";

const digest = `sha256:${"0".repeat(64)}`;
const system = "/etc/containers/registries.conf";
const user = "/home/me/.config/containers/registries.conf";
const blocking = (host: string) => `[[registry]]\nlocation = "${host}"\nblocked = true\n`;

function open(options: MemoryHostOptions, settings?: RegistriesOptions): Registries {
  return openRegistries(memoryHost({ environment: { home: "/home/me", user: 1000 }, ...options }), settings);
}

/** Returns the ways to read `name` as words. */
async function ways(conf: string, name: string): Promise<readonly string[]> {
  const endpoints = await open({ files: { [system]: conf } }).reading(parseReference(name));
  return endpoints.map(({ reference, isInsecure, isElsewhere, refusal }) =>
    [formatReference(reference), ...(isInsecure ? ["insecure"] : []), ...(isElsewhere ? ["elsewhere"] : []), ...(refusal ? ["refused"] : [])].join(" "),
  );
}

describe("openRegistries().reading()", () => {
  test("knows one way where nothing is settled, and reads no file before it is asked", async () => {
    const host = memoryHost();
    let reads = 0;
    const readFile: typeof host.files.readFile = async (path, limit) => {
      reads++;
      return await host.files.readFile(path, limit);
    };
    const registries = openRegistries({ ...host, files: { ...host.files, readFile } });
    expect(reads).toBe(0);
    const reference = parseReference("r.test/app:1");
    expect(await registries.reading(reference)).toEqual([{ reference, isInsecure: false, isElsewhere: false }]);
    const first = reads;
    await registries.reading(reference);
    expect([first > 0, reads]).toEqual([true, first]);
  });

  const prefixes = `
    [[registry]]
    location = "r.test"
    [[registry]]
    prefix = "r.test/team"
    location = "team.test/r"
    insecure = true
    [[registry]]
    prefix = "*.wild.test"
    location = "w.test/all"
    [[registry]]
    prefix = "*.deep.wild.test"
    [[registry]]
    prefix = "docker.io/library"
    location = "hub.test/official"
    [[registry]]
    location = "[::1]:5000"
    insecure = true
  `;
  const rows: readonly (readonly [name: string, way: string])[] = [
    ["r.test/app:1", "r.test/app:1"],
    ["r.test/team/app:1", "team.test/r/app:1 insecure elsewhere"],
    ["r.test/team", "team.test/r insecure elsewhere"],
    ["r.test/teams/app:1", "r.test/teams/app:1"],
    [`r.test/team/app@${digest}`, `team.test/r/app@${digest} insecure elsewhere`],
    [`r.test/team/app:1@${digest}`, `team.test/r/app:1@${digest} insecure elsewhere`],
    ["other.test/r.test/team/app:1", "other.test/r.test/team/app:1"],
    ["a.wild.test/app", "w.test/all/app elsewhere"],
    ["a.b.wild.test/app", "w.test/all/app elsewhere"],
    ["wild.test/app", "wild.test/app"],
    ["awild.test/app", "awild.test/app"],
    ["other.test/a.wild.test/app", "other.test/a.wild.test/app"],
    ["a.deep.wild.test/app", "a.deep.wild.test/app"],
    ["busybox:1", "hub.test/official/busybox:1 elsewhere"],
    ["me/app:1", "docker.io/me/app:1"],
    ["[::1]:5000/app:1", "[::1]:5000/app:1 insecure"],
    ["[::1]:5001/app:1", "[::1]:5001/app:1"],
  ];
  for (const [name, way] of rows) test(`takes the longest prefix of ${name}`, async () => expect(await ways(prefixes, name)).toEqual([way]));

  const mirrors = (more: string) => `
    [[registry]]
    location = "r.test"
    ${more}
    [[registry.mirror]]
    location = "one.test/r"
    insecure = true
    [[registry.mirror]]
    location = "two.test"
  `;
  test("tries the mirrors in order, then the registry itself", async () => {
    expect(await ways(mirrors(""), "r.test/app:1")).toEqual(["one.test/r/app:1 insecure elsewhere", "two.test/app:1 elsewhere", "r.test/app:1"]);
  });

  test("tries mirrors for digests only where the registry says so", async () => {
    expect(await ways(mirrors("mirror-by-digest-only = true"), "r.test/app:1")).toEqual(["r.test/app:1"]);
    expect(await ways(mirrors("mirror-by-digest-only = true"), `r.test/app@${digest}`)).toHaveLength(3);
  });

  test("tries each mirror for what it is there for", async () => {
    const conf =
      '[[registry]]\nlocation = "r.test"\nmirror = [{location = "d.test", pull-from-mirror = "digest-only"}, {location = "t.test", pull-from-mirror = "tag-only"}, {location = "a.test", pull-from-mirror = "all"}]';
    expect(await ways(conf, "r.test/app:1")).toEqual(["t.test/app:1 elsewhere", "a.test/app:1 elsewhere", "r.test/app:1"]);
    expect(await ways(conf, "r.test/app")).toEqual(["t.test/app elsewhere", "a.test/app elsewhere", "r.test/app"]);
    expect(await ways(conf, `r.test/app@${digest}`)).toEqual([`d.test/app@${digest} elsewhere`, `a.test/app@${digest} elsewhere`, `r.test/app@${digest}`]);
  });

  test("refuses a blocked registry and says which file does, its mirrors stay", async () => {
    const registries = open({ files: { [system]: blocking("r.test/team") } });
    const [{ refusal } = {}] = await registries.reading(parseReference("r.test/team/app:1"));
    expect([refusal?.code, refusal?.message]).toEqual(["DENIED", `Cannot use "r.test/team/app": the registry "r.test/team" is blocked in "${system}"`]);
    expect(await ways(mirrors("blocked = true"), "r.test/app:1")).toEqual([
      "one.test/r/app:1 insecure elsewhere",
      "two.test/app:1 elsewhere",
      "r.test/app:1 refused",
    ]);
  });

  test("refuses a mirror, and a place that names lead to, that is blocked itself", async () => {
    expect(await ways(`${mirrors("")}${blocking("two.test")}`, "r.test/app:1")).toContain("two.test/app:1 elsewhere refused");
    const moved = '[[registry]]\nprefix = "old.test"\nlocation = "r.test"\nblocked = true\n';
    expect(await ways(`${moved}${blocking("r.test")}`, "old.test/app:1")).toEqual(["r.test/app:1 elsewhere refused"]);
  });

  test("says which file leads to something that is no name", async () => {
    await expect(ways('[[registry]]\nprefix = "r.test"\nlocation = "UPPER.test/CASE"', "r.test/app")).rejects.toThrow(
      `Cannot use "r.test/app": "${system}" leads to "UPPER.test/CASE/app", which is no name`,
    );
  });
});

describe("openRegistries().writing()", () => {
  test("stays at the registry that is named, whatever is settled for reading", async () => {
    const conf = '[[registry]]\nprefix = "r.test"\nlocation = "other.test"\ninsecure = true\n[[registry.mirror]]\nlocation = "m.test"\n';
    const reference = parseReference("r.test/app:1");
    expect(await open({ files: { [system]: conf } }).writing(reference)).toEqual({ reference, isInsecure: true, isElsewhere: false });
  });

  test("refuses a blocked registry", async () => {
    const { refusal } = await open({ files: { [system]: blocking("r.test") } }).writing(parseReference("r.test/app:1"));
    expect(refusal?.code).toBe("DENIED");
  });
});

/** Returns which of the hosts a.test to f.test are blocked: a file says so of one host each. */
async function blocked(options: MemoryHostOptions, settings?: RegistriesOptions): Promise<string> {
  const registries = open(options, settings);
  const answers = await Promise.all([..."abcdef"].map(async (host) => ((await registries.writing(parseReference(`${host}.test/app`))).refusal ? host : "")));
  return answers.join("");
}

describe("the files that openRegistries() reads", () => {
  const dropIn = (directory: string, name: string, host: string) => ({ [`${directory}/${name}`]: blocking(`${host}.test`) });
  test("are the user's, else the system's, else the vendor's", async () => {
    const vendor = { "/usr/share/containers/registries.conf": blocking("c.test") };
    const files = { [user]: blocking("a.test"), [system]: blocking("b.test"), ...vendor };
    expect(await blocked({ files })).toBe("a");
    expect(await blocked({ files, environment: {} })).toBe("b");
    expect(await blocked({ files: vendor })).toBe("c");
    expect(await blocked({ files, variables: { XDG_CONFIG_HOME: "/config" } })).toBe("b");
    expect(await blocked({ files: { ...files, "/config/containers/registries.conf": blocking("d.test") }, variables: { XDG_CONFIG_HOME: "/config" } })).toBe(
      "d",
    );
  });

  test("are those of registries.conf.d in the order of their names, and the user's instead of one with its name", async () => {
    const files = {
      [system]: blocking("a.test"),
      ...dropIn("/etc/containers/registries.conf.d", "10.conf", "b"),
      "/etc/containers/registries.conf.d/20.conf": '[[registry]]\nlocation = "a.test"\n',
      ...dropIn("/etc/containers/registries.conf.d", "30.conf", "c"),
      "/home/me/.config/containers/registries.conf.d/30.conf": '[[registry]]\nlocation = "b.test"\n',
      ...dropIn("/usr/share/containers/registries.conf.d", "40.conf", "d"),
      ...dropIn("/etc/containers/registries.conf.d", "README", "e"),
    };
    expect(await blocked({ files })).toBe("d");
  });

  test("are those for this kind of user and for this user too", async () => {
    const files = {
      ...dropIn("/etc/containers/registries.rootless.conf.d", "1.conf", "a"),
      ...dropIn("/etc/containers/registries.rootless.conf.d/1000", "2.conf", "b"),
      ...dropIn("/etc/containers/registries.rootful.conf.d", "3.conf", "c"),
    };
    expect(await blocked({ files })).toBe("ab");
    expect(await blocked({ files, environment: { user: 0 } })).toBe("c");
  });

  test("are $CONTAINERS_REGISTRIES_CONF alone, which must be there", async () => {
    const files = { [user]: blocking("a.test"), ...dropIn("/etc/containers/registries.conf.d", "1.conf", "b"), "/own.conf": blocking("c.test") };
    expect(await blocked({ files, variables: { CONTAINERS_REGISTRIES_CONF: "/own.conf" } })).toBe("c");
    await expect(blocked({ files, variables: { CONTAINERS_REGISTRIES_CONF: "/none.conf" } })).rejects.toThrow(
      'Cannot use registries configuration "/none.conf": no such file',
    );
  });

  test("are the one that was named, whatever the variable says, with registries.conf.d or the directory that was named", async () => {
    const files = {
      [user]: blocking("a.test"),
      ...dropIn("/etc/containers/registries.conf.d", "1.conf", "b"),
      "/own.conf": blocking("c.test"),
      ...dropIn("/own.d", "1.conf", "d"),
    };
    const variables = { CONTAINERS_REGISTRIES_CONF: "/none.conf" };
    expect(await blocked({ files, variables }, { registriesConf: "/own.conf" })).toBe("bc");
    expect(await blocked({ files, variables }, { registriesConf: "/own.conf", registriesConfDirectory: "/own.d" })).toBe("cd");
    expect(await blocked({ files }, { registriesConfDirectory: "/own.d" })).toBe("ad");
    expect(await blocked({ files }, { registriesConfDirectory: "/none.d" })).toBe("a");
    await expect(blocked({ files }, { registriesConf: "/none.conf" })).rejects.toThrow("no such file");
  });

  test("end with $CONTAINERS_REGISTRIES_CONF_OVERRIDE", async () => {
    const files = { [user]: blocking("a.test"), "/last.conf": `[[registry]]\nlocation = "a.test"\n${blocking("b.test")}` };
    expect(await blocked({ files, variables: { CONTAINERS_REGISTRIES_CONF_OVERRIDE: "/last.conf" } })).toBe("b");
  });
});
