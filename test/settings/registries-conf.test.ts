import { describe, expect, test } from "bun:test";
import { openRegistries } from "../../src/core/settings/mod.ts";
import { parseReference } from "../../src/core/spec/mod.ts";
import { memoryHost } from "../../src/host/memory.ts";

const file = "/etc/containers/registries.conf";

/** Reads `text` as the system's registries.conf. */
async function read(text: string): Promise<void> {
  await openRegistries(memoryHost({ files: { [file]: text } })).writing(parseReference("r.test/app"));
}

const wrong: readonly (readonly [sentence: string, text: string, line: number, seen: string])[] = [
  ["broken grammar", "a = 1\nb = \n", 2, "invalid value"],
  ["a string where a switch belongs", '\n[[registry]]\nlocation = "r.test"\ninsecure = "yes"\n', 4, 'insecure must be boolean, not "yes"'],
  ["a number in the second registry", '[[registry]]\nlocation = "r.test"\n\n[[registry]]\nlocation = 5\n', 5, "location must be string, not 5"],
  ["registry as one table", '[registry]\nlocation = "r.test"\n', 1, "registry must be an array, not a table"],
  [
    "a wrong value in the second mirror of the second registry",
    '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\nlocation = "m.test"\npull-from-mirror = "all"\n[[registry]]\nlocation = "b.test"\n[[registry.mirror]]\nlocation = "m.test"\npull-from-mirror = "all"\n[[registry.mirror]]\nlocation = "n.test"\npull-from-mirror = "never"\n',
    13,
    '"never" is unknown, expected all, digest-only, tag-only',
  ],
  ["version 1", 'x = 1\n[registries.search]\nregistries = ["r.test"]\n', 2, "this is version 1 of the format, which is no longer read"],
  ["a location with a scheme", '[[registry]]\nlocation = "https://r.test"\n', 2, '"https://r.test" has a scheme, expected a host, or a host and path'],
  ["neither prefix nor location", "[[registry]]\ninsecure = true\n", 1, "a registry has neither prefix nor location"],
  ["a prefix without location", '[[registry]]\nprefix = "r.test"\n', 2, 'the registry "r.test" has no location'],
  ["a wildcard with a path", '[[registry]]\nprefix = "*.r.test/app"\n', 2, '"*.r.test/app" is no prefix, expected *.example.com without port and path'],
  ["a mirror without location", '[[registry]]\nlocation = "r.test"\n[[registry.mirror]]\ninsecure = true\n', 3, "a mirror has no location"],
  [
    "pull-from-mirror at a registry",
    '[[registry]]\nlocation = "r.test"\npull-from-mirror = "all"\n',
    3,
    "pull-from-mirror belongs to a mirror, not to a registry",
  ],
  [
    "both ways to say when a mirror is asked",
    '[[registry]]\nlocation = "r.test"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.test"\npull-from-mirror = "all"\n',
    6,
    "pull-from-mirror and the registry's mirror-by-digest-only exclude each other",
  ],
  [
    "two registries at one location that differ",
    '[[registry]]\nprefix = "a.test"\nlocation = "r.test"\n[[registry]]\nprefix = "b.test"\nlocation = "r.test"\nblocked = true\n',
    4,
    '"r.test" stands here again with another "insecure" or "blocked"',
  ],
  ["a mode nobody knows", 'short-name-mode = "strict"\n', 1, '"strict" is no mode, expected enforcing, permissive, disabled'],
  ["a searched registry with a path", 'unqualified-search-registries = ["docker.io", "r.test/app"]\n', 1, '"r.test/app" is no registry'],
  ["a searched registry that is no host", 'unqualified-search-registries = ["library"]\n', 1, '"library" is no registry'],
  ["an alias with a tag", '[aliases]\n"a" = "r.test/a"\n"app:1" = "r.test/app"\n', 3, 'the alias "app:1" is no short name'],
  ["an alias for a full name", '[aliases]\n"r.test/app" = "r.test/other"\n', 2, 'the alias "r.test/app" is no short name'],
  ["an alias that leads to a short name", '[aliases]\napp = "other"\n', 2, 'the alias "app" stands for "other", expected host and name'],
  ["an alias that leads to a tag", '[aliases]\napp = "r.test/app:1"\n', 2, 'the alias "app" stands for "r.test/app:1"'],
];

describe("a registries.conf with", () => {
  for (const [sentence, text, line, seen] of wrong) {
    test(`${sentence} is refused, with file and line`, async () => {
      await expect(read(text)).rejects.toThrow(`Cannot use registries configuration "${file}", line ${line}: ${seen}`);
    });
  }

  test("control characters in a value does not steer the terminal", async () => {
    await expect(read('short-name-mode = "\\u001b[2J"\n')).rejects.toThrow('"\\x1b[2J" is no mode');
  });

  test("keys that nobody knows, values of every kind and nothing at all is read", async () => {
    await read("");
    await read(
      'credential-helpers = ["containers-auth.json"]\nother = 1979-05-27\n[[registry]]\nlocation = "r.test/"\nmirror = []\nunknown = 1.5\nproxy = "http://p.test"\n',
    );
  });

  test("namespace-proxy says what a place is to answer for", async () => {
    const text = '[[registry]]\nlocation = "r.test"\nnamespace-proxy = "one.test"\n[[registry.mirror]]\nlocation = "m.test"\nnamespace-proxy = "two.test"\n';
    const ways = await openRegistries(memoryHost({ files: { [file]: text } })).reading(parseReference("r.test/app"));
    expect(ways.map(({ namespace }) => namespace)).toEqual(["two.test", "one.test"]);
    expect((await openRegistries(memoryHost({ files: { [file]: text } })).writing(parseReference("r.test/app"))).namespace).toBeUndefined();
  });
});
