import { describe, expect, test } from "bun:test";
import { isGroup, loadCommands } from "../../src/cli/command.ts";
import { type Args, readFlags } from "../../src/cli/flags.ts";
import { globalFlags } from "../../src/cli/global.ts";
import { manifest } from "../../src/cli/manifest/mod.ts";
import { readAccess, readPlatformPatch, readPlatforms } from "../../src/cli/shared.ts";

const commands = await loadCommands(manifest);

function read(verb: string, ...argv: readonly string[]): Args {
  const command = commands.find(({ name }) => name === verb);
  if (command === undefined || isGroup(command)) throw new Error(`no verb ${verb}`);
  return readFlags([...command.flags, ...globalFlags], argv);
}

/** What `buildah manifest VERB --help` lists, and the short flags of podman and docker that do not clash. */
const buildah: Readonly<Record<string, string>> = {
  create: "--all --amend -a --replace --annotation=a=b --os=x --arch=x --override-os=x --override-arch=x --insecure",
  add:
    "--all --annotation=a=b --os=x --arch=x --variant=x --os-version=x --features=x --os-features=x --artifact --artifact-type=x --artifact-config=x --artifact-config-type=x" +
    " --artifact-layer-type=x --artifact-exclude-titles --artifact-subject=x --artifact-annotation=a=b --authfile=x --cert-dir=x --creds=x --insecure",
  annotate: "--annotation=a=b --arch=x --os=x --variant=x --os-version=x --features=x --os-features=x --index --subject=x",
  remove: "",
  inspect: "--authfile=x --tls-verify -v --verbose",
  push:
    "--all --rm -p --purge --authfile=x --cert-dir=x --creds=x --tls-verify --digestfile=x --format=oci -f=docker --add-compression=x --compression-format=x --compression-level=1" +
    " --force-compression --quiet -q --remove-signatures --sign-by=x --signature-policy=x --retry=1 --retry-delay=2s",
  rm: "--ignore -i",
  exists: "",
};

describe("manifest", () => {
  for (const [verb, flags] of Object.entries(buildah)) {
    test(`${verb} knows the flags of buildah`, () => {
      const argv = flags.split(" ").filter((flag) => flag !== "");
      expect(read(verb, ...argv).positionals).toEqual([]);
    });
  }

  test("every verb that can reach a registry takes the flags for it", () => {
    for (const verb of ["create", "add", "annotate", "remove", "inspect", "push", "exists", "rm"]) {
      expect(readAccess(read(verb, "--authfile=a", "--creds", "u:p", "--cert-dir=c", "--tls-verify=false"))).toEqual({
        authFile: "a",
        credentials: "u:p",
        certificateDirectory: "c",
        verifyTls: false,
      });
    }
  });

  test("every verb that changes something takes --json", () => {
    for (const verb of ["create", "add", "annotate", "remove", "push", "rm", "list"]) expect(read(verb, "--json").flag("json")).toBe(true);
  });
});

describe("readAccess()", () => {
  test("says nothing of TLS unless the user did", () => {
    expect(readAccess(read("push"))).toEqual({});
    expect(readAccess(read("push", "--tls-verify"))).toEqual({ verifyTls: true });
    expect(readAccess(read("push", "--insecure"))).toEqual({ verifyTls: false });
  });
});

describe("readPlatformPatch()", () => {
  test("returns only what was given, and nothing for what is empty: most often a variable that is not set", () => {
    expect(readPlatformPatch(read("create", "--arch", "arm64"))).toEqual({ architecture: "arm64" });
    expect(readPlatformPatch(read("add", "--override-os=linux", "--variant=v8", "--os-version=1", "--features=a,b", "--os-features=", "--arch="))).toEqual({
      os: "linux",
      variant: "v8",
      "os.version": "1",
      features: ["a", "b"],
    });
  });
});

describe("readPlatforms()", () => {
  test("returns every platform, normalised", () => {
    expect(readPlatforms(read("create", "--platform=linux/amd64", "--platform", "linux/aarch64"))).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ]);
    expect(() => readPlatforms(read("add", "--platform=linux"))).toThrow('Cannot read platform "linux"');
  });
});
