import { describe, expect, test } from "bun:test";
import { isGroup, loadCommands, type Verb } from "../../src/cli/command.ts";
import { manifest } from "../../src/cli/manifest/mod.ts";
import { ocidex } from "../../src/cli/ocidex.ts";
import { run } from "./run.ts";

const verbs: readonly Verb[] = (await loadCommands(manifest)).flatMap((command) => (isGroup(command) ? [] : [command]));
const helpOf = async (name: string): Promise<string> => (await run(["manifest", name, "--help"], { root: ocidex })).output;

test("a command answers to its name and its aliases, and to nothing else", async () => {
  for (const group of [ocidex, manifest]) {
    const names = (await loadCommands(group)).flatMap((command) => [command.name, ...(isGroup(command) ? [] : (command.aliases ?? []))]);
    expect(Object.keys(group.commands).sort()).toEqual(names.sort());
  }
});

test("manifest has every verb of buildah, and list", () => {
  expect(verbs.map(({ name }) => name)).toEqual(["create", "add", "annotate", "remove", "inspect", "push", "rm", "exists", "list"]);
});

describe("renderHelp() of every verb", () => {
  for (const verb of verbs) {
    test(`${verb.name} has usage, arguments, flags and an example`, async () => {
      const help = await helpOf(verb.name);
      expect(help.startsWith(`${verb.description}.\n\nUsage:\n  ocidex manifest ${verb.name} [flags]`)).toBe(true);
      for (const { name } of verb.arguments.names) expect(help).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
      for (const flag of verb.flags) expect(`${flag.name} ${new RegExp(`--${flag.name}\\b`).test(help)}`).toBe(`${flag.name} ${flag.hidden !== true}`);
      expect(help).toContain("\nExamples:\n  ocidex manifest ");
      for (const example of verb.examples) expect(example).toMatch(new RegExp(`^ocidex manifest (${[verb.name, ...(verb.aliases ?? [])].join("|")})\\b`));
    });

    test(`${verb.name} fits 100 columns and has no escape sequences in a pipe`, async () => {
      const help = await helpOf(verb.name);
      expect(help.split("\n").filter((line) => line.length > 100)).toEqual([]);
      expect(help).not.toContain("\u001b");
      expect(help.split("\n").filter((line) => line.endsWith(" "))).toEqual([]);
    });

    test(`${verb.name} has no flag, alias or shorthand twice`, () => {
      const names = verb.flags.flatMap((flag) => [flag.name, ...(flag.aliases ?? []), ...(flag.short === undefined ? [] : [`-${flag.short}`])]);
      expect(names).toEqual([...new Set(names)]);
    });
  }
});

describe("renderHelp()", () => {
  test("has bold headings on a terminal, and none with NO_COLOR or a dumb one", async () => {
    const terminal = { outputIsTerminal: true };
    const help = async (variables: Record<string, string>): Promise<string> =>
      (await run(["manifest", "push", "-h"], { root: ocidex, terminal, variables })).output;
    expect(await help({})).toContain("\u001b[1mUsage:\u001b[22m");
    expect(await help({ NO_COLOR: "1" })).not.toContain("\u001b");
    expect(await help({ TERM: "dumb" })).not.toContain("\u001b");
  });

  test("keeps within a narrow terminal, examples aside", async () => {
    const { output } = await run(["manifest", "push", "-h"], {
      root: ocidex,
      terminal: { outputIsTerminal: true, columns: () => 60 },
      variables: { NO_COLOR: "1" },
    });
    const [text = ""] = output.split("Examples:");
    expect(text.split("\n").filter((line) => line.length > 60)).toEqual([]);
  });

  test("shows short names, values, defaults and repetition", async () => {
    const help = await helpOf("push");
    expect(help).toMatch(/^ {2}-f, --format oci\|v2s2\|docker {2,}\S/m);
    expect(help).toContain("(default 3)");
    expect(help).toContain("--tls-verify[=false] ");
    expect(help).toMatch(/--tag TAG .*\(repeatable\)/);
    expect(await helpOf("list")).not.toContain("Arguments:");
  });
});
