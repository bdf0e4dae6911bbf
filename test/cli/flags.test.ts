import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Args, type Flag, readFlags, refuseNotYet } from "../../src/cli/flags.ts";

const flags: readonly Flag[] = [
  { name: "annotation", type: "texts", description: "" },
  { name: "features", type: "list", description: "" },
  { name: "format", short: "f", type: "text", choices: ["oci", "v2s2"], description: "" },
  { name: "creds", short: "c", type: "text", description: "" },
  { name: "os", type: "text", aliases: ["override-os"], description: "" },
  { name: "rm", short: "p", type: "flag", aliases: ["purge"], description: "" },
  { name: "quiet", short: "q", type: "flag", description: "" },
  { name: "all", type: "flag", default: true, description: "" },
  { name: "tls-verify", type: "flag", default: true, description: "" },
  { name: "insecure", type: "flag", excludes: ["tls-verify"], description: "" },
  { name: "no-attestations", type: "flag", description: "" },
  { name: "retry", type: "number", default: 3, description: "" },
  { name: "retry-delay", type: "duration", description: "" },
  { name: "wait", type: "duration", bare: "1m", description: "" },
  { name: "dry-run", type: "flag", notYet: "nothing can be tried", description: "" },
  { name: "sign-by", type: "text", notYet: "use `cosign sign`", description: "" },
];
const read = (...argv: string[]): Args => readFlags(flags, argv);

describe("readFlags() understands", () => {
  test("a flag whose value may be left out: the word behind it is not its value", () => {
    expect([read("--wait").duration("wait"), read("--wait=2s").duration("wait"), read().duration("wait")]).toEqual([60_000, 2000, undefined]);
    const args = read("--wait", "app", "--wait=3s", "oci:out");
    expect([args.positionals, args.duration("wait")]).toEqual([["app", "oci:out"], 3000]);
    expect(() => read("--wait=x")).toThrow('invalid argument "x" for "--wait" flag');
  });

  test("--x v, --x=v, -f v, -fv and -f=v", () => {
    expect(read("--format", "oci").text("format")).toBe("oci");
    expect(read("--format=v2s2").text("format")).toBe("v2s2");
    expect(read("-f", "oci").text("format")).toBe("oci");
    expect(read("-foci").text("format")).toBe("oci");
    expect(read("-f=oci").text("format")).toBe("oci");
  });

  test("an equals sign that is part of the value", () => {
    expect(read("--annotation=a=b=c", "--annotation", "d=e,f=g").texts("annotation")).toEqual(["a=b=c", "d=e,f=g"]);
    expect(read("-c==x").text("creds")).toBe("=x");
    expect(read("-c=").text("creds")).toBe("=");
    expect(read("--creds=").text("creds")).toBe("");
  });

  test("switches with every word of strconv.ParseBool", () => {
    for (const word of ["1", "t", "T", "true", "TRUE", "True"]) expect(read(`--rm=${word}`).flag("rm")).toBe(true);
    for (const word of ["0", "f", "F", "false", "FALSE", "False"]) expect(read(`--all=${word}`).flag("all")).toBe(false);
    expect(read("--rm").flag("rm")).toBe(true);
  });

  test("a short switch with a value, alone and at the end of a group", () => {
    expect(read("-q=false", "a").flag("quiet")).toBe(false);
    const args = read("-pq=false", "x", "-q=t");
    expect([args.flag("rm"), args.flag("quiet"), args.positionals]).toEqual([true, true, ["x"]]);
    expect(read("-q=f", "oci").positionals).toEqual(["oci"]);
  });

  test("a group of short flags whose last one takes a value", () => {
    const args = read("-qpf", "oci", "list");
    expect([args.flag("quiet"), args.flag("rm"), args.text("format"), args.positionals]).toEqual([true, true, "oci", ["list"]]);
    expect(read("-qfoci").text("format")).toBe("oci");
  });

  test("no value behind a switch that stands apart", () => {
    expect(read("--tls-verify", "false")).toMatchObject({ positionals: ["false"] });
  });

  test("whatever follows a flag that takes a value as the value", () => {
    expect(read("--annotation", "--help").texts("annotation")).toEqual(["--help"]);
    expect(read("--annotation", "--", "-q").texts("annotation")).toEqual(["--"]);
    expect(read("--creds", "-q").has("quiet")).toBe(false);
  });

  test("-- as the end of flags, and a lone dash as a positional", () => {
    const args = read("a", "--", "-q", "--bogus", "--");
    expect([args.positionals, args.flag("quiet")]).toEqual([["a", "-q", "--bogus", "--"], false]);
    expect(read("-", "-q").positionals).toEqual(["-"]);
  });

  test("flags and positionals mixed", () => {
    expect(read("a", "-q", "b", "--creds", "u", "c").positionals).toEqual(["a", "b", "c"]);
  });

  test("the last of several, and all of a repeatable one", () => {
    const args = read("--creds", "a", "--creds=b", "--all=false", "--all", "--annotation", "x", "--annotation", "x");
    expect([args.text("creds"), args.flag("all"), args.texts("annotation")]).toEqual(["b", true, ["x", "x"]]);
  });

  test("lists split at commas, and an empty one as nothing", () => {
    expect(read("--features", "sse,avx", "--features=aes").texts("features")).toEqual(["sse", "avx", "aes"]);
    expect(read("--features=").texts("features")).toEqual([]);
  });

  test("aliases as the flag they stand for", () => {
    const args = read("--purge", "--override-os", "linux");
    expect([args.flag("rm"), args.has("rm"), args.text("os")]).toEqual([true, true, "linux"]);
  });

  test("a flag whose name begins with no-, and no negation of others", () => {
    expect(read("--no-attestations").flag("no-attestations")).toBe(true);
    expect(() => read("--no-tls-verify")).toThrow("unknown flag: --no-tls-verify");
  });

  test("what was typed apart from what holds", () => {
    expect([read().has("tls-verify"), read().flag("tls-verify")]).toEqual([false, true]);
    expect(read("--tls-verify").has("tls-verify")).toBe(true);
    expect([read().number("retry"), read("--retry", "0").number("retry"), read().duration("retry-delay")]).toEqual([3, 0, undefined]);
  });

  test("Go's durations", () => {
    const delay = (text: string) => read(`--retry-delay=${text}`).duration("retry-delay");
    expect(["4s", "1m30s", "500ms", "1h", "1.5s", "0", "+2s"].map(delay)).toEqual([4000, 90_000, 500, 3_600_000, 1500, 0, 2000]);
  });

  test("any mix of flags without losing or changing a value", () => {
    const value = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), value), { maxLength: 8 }), fc.array(value, { maxLength: 4 }), (given, words) => {
        const argv = given.flatMap(([inline, text]) => (inline ? [`--annotation=${text}`] : ["--annotation", text]));
        const args = readFlags(flags, [...argv, "--", ...words]);
        expect(args.texts("annotation")).toEqual(given.map(([, text]) => text));
        expect(args.positionals).toEqual(words);
      }),
    );
  });
});

describe("readFlags() refuses, in pflag's words,", () => {
  const cases: readonly (readonly [what: string, argv: readonly string[], message: string])[] = [
    ["an unknown flag", ["--bogus"], "unknown flag: --bogus"],
    ["an unknown flag with a value", ["--bogus=secret"], "unknown flag: --bogus"],
    ["a member of every object", ["--toString"], "unknown flag: --toString"],
    ["__proto__", ["--__proto__=x"], "unknown flag: --__proto__"],
    ["an unknown shorthand", ["-x"], "unknown shorthand flag: 'x' in -x"],
    ["an unknown shorthand within a group", ["-qxp"], "unknown shorthand flag: 'x' in -xp"],
    ["a shorthand spelt long", ["--q"], "unknown flag: --q"],
    ["a missing value", ["--creds"], "flag needs an argument: --creds"],
    ["a missing value of a shorthand", ["-f"], "flag needs an argument: 'f' in -f"],
    ["a third dash", ["---q"], "bad flag syntax: ---q"],
    ["a missing name", ["--=x"], "bad flag syntax: --=x"],
    ["a switch set to anything else", ["--rm=yes"], 'invalid argument "yes" for "-p, --rm" flag: strconv.ParseBool: parsing "yes": invalid syntax'],
    ["an empty switch", ["--all="], 'invalid argument "" for "--all" flag: strconv.ParseBool: parsing "": invalid syntax'],
    ["a word for a number", ["--retry", "x"], 'invalid argument "x" for "--retry" flag: strconv.ParseUint: parsing "x": invalid syntax'],
    ["a negative number", ["--retry=-1"], 'invalid argument "-1" for "--retry" flag'],
    ["a duration without unit", ["--retry-delay", "4"], 'invalid argument "4" for "--retry-delay" flag: time: invalid duration "4"'],
    ["a value that is no choice", ["-f", "v1"], 'invalid argument "v1" for "-f, --format" flag: must be one of oci, v2s2'],
    ["flags that exclude each other", ["--insecure", "--tls-verify=false"], "--insecure may not be used with --tls-verify"],
  ];
  for (const [what, argv, message] of cases) {
    test(what, () => {
      expect(() => readFlags(flags, argv)).toThrow(message);
    });
  }
});

test("Args asked for a flag that was not declared is the program's mistake", () => {
  expect(() => read().text("annotation")).toThrow(TypeError);
  expect(() => read().flag("nope")).toThrow(TypeError);
});

describe("refuseNotYet()", () => {
  test("names the flag and the reason", () => {
    expect(() => refuseNotYet(flags, read("--sign-by", "x"))).toThrow("--sign-by is not supported yet: use `cosign sign`");
    expect(() => refuseNotYet(flags, read("--dry-run"))).toThrow("--dry-run is not supported yet: nothing can be tried");
  });

  test("lets a switch pass that is set to what holds anyway", () => {
    refuseNotYet(flags, read("--dry-run=false", "-q"));
    expect(read("--dry-run=false").flag("dry-run")).toBe(false);
  });
});
