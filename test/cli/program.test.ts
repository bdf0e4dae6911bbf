import { describe, expect, test } from "bun:test";
import type { Verb } from "../../src/cli/command.ts";
import type { Args } from "../../src/cli/flags.ts";
import type { Globals } from "../../src/cli/global.ts";
import { ocidex } from "../../src/cli/ocidex.ts";
import { OciError } from "../../src/core/base/mod.ts";
import { probe, programOf, run } from "./run.ts";

/** Returns what the verb was given by `argv`. */
async function given(...argv: readonly string[]): Promise<{ args: Args; globals: Globals; errors: string }> {
  let seen: { args: Args; globals: Globals } | undefined;
  const root = programOf(
    probe(async ({ globals }, args) => {
      seen = { args, globals };
    }),
  );
  const { errors, status } = await run(argv, { root });
  if (seen === undefined) throw new Error(`the verb was not run: ${status} ${errors}`);
  return { ...seen, errors };
}

const failing = (error: unknown): Verb => probe(() => Promise.reject(error));

describe("runProgram() routes", () => {
  test("to the verb with its positionals and flags", async () => {
    const { args } = await given("manifest", "probe", "a", "-q", "manifest", "probe");
    expect([args.positionals, args.flag("quiet")]).toEqual([["a", "manifest", "probe"], true]);
  });

  test("past global flags wherever they stand", async () => {
    const { args, globals } = await given("--root", "manifest", "manifest", "--log-level=debug", "probe", "x", "--storage-driver", "vfs", "--transient-store");
    expect([args.positionals, globals]).toEqual([["x"], { root: "manifest", storage: { root: "manifest", driver: "vfs" }, logLevel: "debug" }]);
  });

  test("words behind -- to the verb, whatever they look like", async () => {
    const { args } = await given("manifest", "probe", "--", "--help", "-h", "--version");
    expect(args.positionals).toEqual(["--help", "-h", "--version"]);
  });

  test("--help as the value of a flag to that flag", async () => {
    const { args } = await given("manifest", "probe", "--annotation", "--help");
    expect(args.texts("annotation")).toEqual(["--help"]);
  });

  test("-v to a verb that has it", async () => {
    expect((await given("manifest", "probe", "-v")).args.flag("verbose")).toBe(true);
  });

  test("nothing to citty that citty would take apart", async () => {
    const { args } = await given("manifest", "probe", "--annotation", "--no-foo", "--annotation=--help", "toString");
    expect([args.texts("annotation"), args.positionals]).toEqual([["--no-foo", "--help"], ["toString"]]);
  });
});

describe("runProgram() prints help and ends with 0", () => {
  for (const argv of [[], ["--help"], ["-h"], ["help"], ["--root", "x"]]) {
    test(`of the program for "${argv.join(" ")}"`, async () => {
      const { status, output, errors } = await run(argv, { root: ocidex });
      expect([status, errors]).toEqual([0, ""]);
      expect(output).toContain("Commands:\n  manifest  ");
    });
  }

  for (const argv of [["manifest"], ["manifest", "--help"], ["help", "manifest"], ["-h", "manifest"], ["manifest", "help"]]) {
    test(`of the group for "${argv.join(" ")}"`, async () => {
      const { status, output } = await run(argv, { root: ocidex });
      expect(status).toBe(0);
      expect(output).toContain("ocidex manifest COMMAND [flags]");
    });
  }

  for (const argv of [
    ["manifest", "push", "--help"],
    ["manifest", "push", "-h", "a", "b", "c"],
    ["--help", "manifest", "push"],
    ["manifest", "push", "--sign-by", "x", "--help"],
    ["manifest", "help", "push"],
    ["help", "manifest", "push"],
  ]) {
    test(`of the verb for "${argv.join(" ")}"`, async () => {
      const { status, output, errors } = await run(argv, { root: ocidex });
      expect([status, errors]).toEqual([0, ""]);
      expect(output).toContain("ocidex manifest push [flags] LIST [DEST…]");
    });
  }

  test("and the version likewise", async () => {
    for (const argv of [["--version"], ["-v"], ["manifest", "push", "--version"]]) {
      const { status, output } = await run(argv, { root: ocidex });
      expect([status, /^ocidex version \d+\.\d+\.\d+\S*\n$/.test(output)]).toEqual([0, true]);
    }
  });
});

describe("runProgram() says in one line and ends with 125 for", () => {
  const cases: readonly (readonly [argv: string, error: string])[] = [
    ["manifest inspct app", 'unknown command "inspct" for "ocidex manifest". Did you mean this? inspect'],
    ["manifest ann", 'unknown command "ann" for "ocidex manifest". Did you mean this? annotate'],
    ["manifest nonsense", 'unknown command "nonsense" for "ocidex manifest". See \'ocidex manifest --help\''],
    ["create app", 'unknown command "create" for "ocidex". Did you mean this? manifest create'],
    ["toString", 'unknown command "toString" for "ocidex". See \'ocidex --help\''],
    ["manifest constructor", 'unknown command "constructor" for "ocidex manifest". See \'ocidex manifest --help\''],
    ["--bogus nonsense", "unknown flag: --bogus"],
    ["manifest --bogus", "unknown flag: --bogus"],
    ["manifest push app --bogus=x", "unknown flag: --bogus"],
    ["manifest create --annotations a=b app", "unknown flag: --annotations. Did you mean this? --annotation"],
    ["manifest push --tls-verfy=false app", "unknown flag: --tls-verfy. Did you mean this? --tls-verify"],
    ["manifest push app -z", "unknown shorthand flag: 'z' in -z"],
    ["manifest push --bogus --help", "unknown flag: --bogus"],
    ["manifest create --annotation", "flag needs an argument: --annotation"],
    ["manifest create", "requires at least 1 arg(s), only received 0: ocidex manifest create LIST [IMAGE…]"],
    ["manifest remove app", "requires at least 2 arg(s), only received 1: ocidex manifest remove LIST ENTRY…"],
    ["manifest inspect a b", "accepts 1 arg(s), received 2: ocidex manifest inspect LIST"],
    ["manifest ls a", "accepts 0 arg(s), received 1: ocidex manifest list"],
    ["manifest push --sign-by x app", "--sign-by is not supported yet: sign what was pushed with `cosign sign --recursive`"],
    ["manifest push --add-compression lz4 app", 'Cannot use compression "lz4" from --add-compression: expected gzip or zstd'],
    ["manifest add --insecure --tls-verify a b", "--insecure may not be used with --tls-verify"],
    ["--log-level loud manifest ls", 'invalid argument "loud" for "--log-level" flag: must be one of error, warn, info, debug, panic, fatal, warning, trace'],
  ];
  for (const [argv, error] of cases) {
    test(argv, async () => {
      expect(await run(argv.split(" "), { root: ocidex })).toEqual({ status: 125, output: "", errors: `Error: ${error}\n` });
    });
  }

  test("a failure of the verb, its control characters made visible", async () => {
    const { status, errors } = await run(["manifest", "probe"], { root: programOf(failing(new OciError("IO", "Cannot x \u001b[31m\n\u202e"))) });
    expect([status, errors]).toEqual([125, "Error: Cannot x \\x1b[31m\\x0a\\u{202e}\n"]);
  });

  test("a defect, without a stack trace", async () => {
    const { status, errors } = await run(["manifest", "probe"], { root: programOf(failing(new TypeError("x is undefined"))) });
    expect([status, errors]).toEqual([125, "Error: unexpected failure, which is a defect of ocidex: x is undefined\n"]);
  });

  test("a result that cannot be written", async () => {
    const root = programOf(probe(async ({ output }) => output.line("result")));
    const terminal = { write: () => Promise.reject(new OciError("IO", "Cannot write standard output: no space left")) };
    expect(await run(["manifest", "probe"], { root, terminal })).toEqual({
      status: 125,
      output: "",
      errors: "Error: Cannot write standard output: no space left\n",
    });
  });
});

describe("runProgram()", () => {
  test("adds the causes of an error with --log-level debug or --debug", async () => {
    const root = programOf(failing(new OciError("NETWORK", "Cannot reach it", { cause: new Error("refused") })));
    for (const argv of [
      ["--log-level", "debug", "manifest", "probe"],
      ["manifest", "probe", "--debug"],
    ]) {
      expect((await run(argv, { root })).errors).toBe("Error: Cannot reach it\n  because: refused\n");
    }
    expect((await run(["manifest", "probe"], { root })).errors).toBe("Error: Cannot reach it\n");
  });

  test("ends with 130 when interrupted, whatever error that led to", async () => {
    const controller = new AbortController();
    const root = programOf(
      probe(async ({ signal }) => {
        controller.abort();
        expect(signal.aborted).toBe(true);
        throw new Error("socket closed");
      }),
    );
    expect(await run(["manifest", "probe"], { root, signal: controller.signal })).toEqual({ status: 130, output: "", errors: "Error: interrupted\n" });
    expect((await run(["manifest", "probe"], { root: programOf(failing(new OciError("ABORTED", "x"))) })).status).toBe(130);
  });

  test("does not begin when it was interrupted before", async () => {
    let begun = false;
    const root = programOf(
      probe(async () => {
        begun = true;
      }),
    );
    expect([(await run(["manifest", "probe"], { root, signal: AbortSignal.abort() })).status, begun]).toEqual([130, false]);
  });

  test("ends with the status a verb asks for, silently", async () => {
    const root = programOf(probe(async ({ exit }) => exit(1)));
    expect(await run(["manifest", "probe"], { root })).toEqual({ status: 1, output: "", errors: "" });
  });

  test("gives a notice for --signature-policy and takes buildah's other global flags in silence", async () => {
    const wrapper = [
      "--runroot=/r",
      "--storage-opt",
      "a",
      "--storage-opt",
      "b",
      "--imagestore=x",
      "--cgroup-manager",
      "cgroupfs",
      "--userns-uid-map",
      "0:0:1",
      "--userns-gid-map=0:0:1",
    ];
    expect((await given(...wrapper, "--registries-conf-dir=d", "--short-name-alias-conf=f", "manifest", "probe")).errors).toBe("");
    expect((await given("manifest", "probe", "--signature-policy", "p")).errors).toBe(
      "Warning: --signature-policy is ignored: no signature policy is enforced\n",
    );
  });

  test("keeps warnings and drops progress under --quiet and for verbs that copy nothing", async () => {
    const body: Verb["run"] = async ({ report }) => {
      report({ type: "copy", images: 1, total: 2 });
      report({ type: "warning", message: "careful" });
    };
    const errors = async (argv: readonly string[], progress: boolean): Promise<string> =>
      (await run(argv, { root: programOf(probe(body, { progress })) })).errors;
    expect(await errors(["manifest", "probe"], true)).toBe("Copying 1 images generated from 2 images in list\nWarning: careful\n");
    expect(await errors(["manifest", "probe", "-q"], true)).toBe("Warning: careful\n");
    expect(await errors(["manifest", "probe"], false)).toBe("Warning: careful\n");
    expect(await errors(["--log-level=error", "manifest", "probe"], false)).toBe("");
  });
});
