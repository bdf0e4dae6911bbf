import { describe, expect, test } from "bun:test";
import { isGroup, loadCommands } from "../../../src/cli/command.ts";
import { manifest } from "../../../src/cli/manifest/mod.ts";
import { mediaTypes } from "../../../src/core/spec/mod.ts";
import { artifact, type Check, json, result, sets } from "./effect.ts";
import { pushEffects } from "./push-effects.ts";
import { digestOf, digestsIn, openShell } from "./shell.ts";

const accessFlags = ["authfile", "creds", "cert-dir", "tls-verify", "insecure", "timeout", "no-cache"];

/** What every flag does that works, by verb. Without the effect the check fails. */
const effects: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  create: {
    all: async ({ must, inspect, amd64, arm64, attestation }) => {
      await must("create", "--all", "app", "oci:/src:multi");
      expect(digestsIn(await inspect("app"))).toEqual([amd64, arm64, attestation].map(digestOf));
    },
    amend: async ({ must, fail }) => {
      const [id] = await must("create", "app");
      expect(await fail("create", "app")).toContain("that name is already in use");
      for (const flag of ["--amend", "-a"]) expect(await must("create", flag, "app")).toEqual([id ?? ""]);
    },
    replace: async ({ must, inspect }) => {
      const [id] = await must("create", "app", "oci:/src:amd64");
      expect(await must("create", "--replace", "app")).not.toEqual([id ?? ""]);
      expect((await inspect("app")).manifests).toEqual([]);
    },
    annotation: async ({ must, inspect }) => {
      await must("create", "--annotation", "a=1,b=2", "--annotation=c==", "app");
      expect((await inspect("app")).annotations).toEqual({ a: "1,b=2", c: "=" });
    },
    "annotation-file": async ({ host, must, inspect }) => {
      await (await host.files.create("/notes")).write(new TextEncoder().encode("# ci\na=1, 2\nindex:b=2\nc=3\n"));
      await must("create", "--annotation-file", "/notes", "--annotation", "c=typed", "app");
      expect((await inspect("app")).annotations).toEqual({ a: "1, 2", b: "2", c: "typed" });
    },
    "artifact-type": async ({ must, inspect }) => {
      await must("create", "--artifact-type", "application/x", "app");
      expect((await inspect("app")).artifactType).toBe("application/x");
    },
    subject: async ({ must, inspect, arm64 }) => {
      await must("create", "--subject", "oci:/src:arm64", "app");
      expect((await inspect("app")).subject?.digest).toBe(digestOf(arm64));
    },
    format: async ({ must, inspect }) => {
      for (const [format, type] of [
        ["oci", mediaTypes.ociIndex],
        ["v2s2", mediaTypes.dockerList],
        ["docker", mediaTypes.dockerList],
      ] as const) {
        await must("create", "--replace", "--format", format, "app");
        expect((await inspect("app")).mediaType).toBe(type);
      }
    },
    "no-attestations": async ({ must, inspect, amd64 }) => {
      await must("create", "--no-attestations", "app", "oci:/src:multi");
      expect(digestsIn(await inspect("app"))).toEqual([digestOf(amd64)]);
    },
    json: json(["create", "--amend", "--json", "app", "oci:/src:arm64"], { ...result, entries: [expect.stringMatching(/^sha256:/)] }),
    os: sets("create", "os", "plan9", { os: "plan9" }),
    arch: async ({ must, inspect, arm64 }) => {
      await must("create", "--arch", "arm64", "app", "oci:/src:multi");
      expect(digestsIn(await inspect("app"))).toEqual([digestOf(arm64)]);
      await sets("create", "arch", "386", { architecture: "386" })(await openShell());
    },
    platform: async ({ must, inspect, fail, amd64, arm64, attestation }) => {
      await must("create", "--platform", "linux/arm64", "--platform", "linux/amd64", "app", "oci:/src:multi");
      expect(digestsIn(await inspect("app"))).toEqual([amd64, arm64, attestation].map(digestOf));
      expect(await fail("create", "--platform", "linux/arm64", "web", "oci:/src:amd64")).toContain("expected linux/arm64");
    },
  },
  add: {
    all: async ({ must, inspect, amd64, arm64, attestation }) => {
      await must("create", "app");
      await must("add", "--all", "app", "oci:/src:multi");
      expect(digestsIn(await inspect("app"))).toEqual([amd64, arm64, attestation].map(digestOf));
    },
    annotation: async ({ must, inspect }) => {
      await must("create", "app");
      await must(
        "add",
        "--annotation",
        "a=1,b=2",
        "--annotation",
        "index:i=1",
        "--annotation",
        "manifest-descriptor[linux/amd64]:e=1",
        "app",
        "oci:/src:amd64",
      );
      const { annotations, manifests } = await inspect("app");
      expect([annotations, manifests[0]?.annotations]).toEqual([{ i: "1" }, { a: "1,b=2", e: "1" }]);
    },
    format: async ({ must, inspect }) => {
      await must("create", "app");
      await must("add", "--format", "docker", "app", "oci:/src:amd64");
      expect((await inspect("app")).mediaType).toBe(mediaTypes.dockerList);
    },
    "no-attestations": async ({ must, inspect, amd64, arm64 }) => {
      await must("create", "app");
      await must("add", "--all", "--no-attestations", "app", "oci:/src:multi");
      expect(digestsIn(await inspect("app"))).toEqual([amd64, arm64].map(digestOf));
    },
    json: json(["add", "--json", "app", "oci:/src:arm64"], {
      ...result,
      entries: [expect.stringMatching(/^sha256:/)],
      added: [expect.stringMatching(/^sha256:/)],
    }),
    os: sets("add", "os", "bar", { os: "bar" }),
    arch: sets("add", "arch", "386", { architecture: "386" }),
    variant: sets("add", "variant", "v3", { variant: "v3" }),
    "os-version": sets("add", "os-version", "7.7.7", { "os.version": "7.7.7" }),
    features: sets("add", "features", "sse4,aes", { features: ["sse4", "aes"] }),
    "os-features": sets("add", "os-features", "a,b", { "os.features": ["a", "b"] }),
    artifact: artifact([], ({ entry, manifest }) => {
      expect(entry).toMatchObject({ mediaType: mediaTypes.ociManifest, artifactType: "application/vnd.unknown.artifact.v1" });
      expect(manifest).toMatchObject({ layers: [{ mediaType: "text/plain", annotations: { "org.opencontainers.image.title": "note.txt" } }] });
    }),
    "artifact-type": artifact(["--artifact-type", "application/x"], ({ entry, manifest }) => {
      expect([entry.artifactType, manifest.artifactType]).toEqual(["application/x", "application/x"]);
    }),
    "artifact-config": artifact(["--artifact-config", "/config.json"], ({ manifest }) => {
      expect(manifest.config).toMatchObject({ mediaType: mediaTypes.ociConfig, size: 12 });
    }),
    "artifact-config-type": artifact(["--artifact-config-type", "a/b"], ({ manifest }) => {
      expect(manifest.config).toMatchObject({ mediaType: "a/b", size: 2 });
    }),
    "artifact-layer-type": artifact(["--artifact-layer-type", "a/b"], ({ manifest }) => {
      expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(["a/b"]);
    }),
    "artifact-exclude-titles": artifact(["--artifact-exclude-titles"], ({ manifest }) => {
      expect(manifest.layers.map(({ annotations }) => annotations)).toEqual([undefined]);
    }),
    "artifact-subject": artifact(["--artifact-subject", "oci:/src:arm64"], ({ manifest, source }) => {
      expect(manifest.subject?.digest).toBe(digestOf(source.arm64));
    }),
    "artifact-annotation": artifact(["--artifact-annotation", "a=1,b=2", "--artifact-annotation=index:c=="], ({ entry, manifest }) => {
      expect([entry.annotations, manifest.annotations]).toEqual([undefined, { a: "1,b=2", "index:c": "=" }]);
    }),
    platform: async ({ must, fail, inspect, arm64 }) => {
      await must("create", "app");
      await must("add", "--platform", "linux/arm64", "app", "oci:/src:multi");
      expect(digestsIn(await inspect("app"))).toEqual([digestOf(arm64)]);
      expect(await fail("add", "--platform", "linux/arm64", "app", "oci:/src:amd64")).toContain("expected linux/arm64");
    },
  },
  annotate: {
    index: async ({ must, fail, inspect }) => {
      const [id = ""] = await must("create", "app", "oci:/src:amd64");
      expect(await must("annotate", "--index", "--annotation", "a=1", "app")).toEqual([id]);
      expect((await inspect("app")).annotations).toEqual({ a: "1" });
      expect(await fail("annotate", "--index", "app", "linux/amd64")).toContain("when modifying the entire index");
    },
    annotation: async ({ must, inspect }) => {
      await must("create", "app", "oci:/src:multi");
      await must("annotate", "--annotation", "a=1,2", "--annotation", "index:i=1", "app", "linux/amd64");
      const { annotations, manifests } = await inspect("app");
      expect([annotations, manifests[0]?.annotations]).toEqual([{ i: "1" }, { a: "1,2", from: "source" }]);
    },
    "annotation-file": async ({ host, must, inspect }) => {
      await (await host.files.create("/notes.json")).write(new TextEncoder().encode('{"a":"1","__proto__":"2"}'));
      await must("create", "app", "oci:/src:amd64");
      await must("annotate", "--annotation-file", "/notes.json", "app", "linux/amd64");
      expect(Object.entries((await inspect("app")).manifests[0]?.annotations ?? {})).toEqual([
        ["__proto__", "2"],
        ["a", "1"],
      ]);
    },
    unsetannotation: async ({ must, inspect }) => {
      await must("create", "--annotation", "a=1", "--annotation", "b=2", "app", "oci:/src:multi");
      await must("annotate", "--unsetannotation", "from", "app", "linux/amd64");
      await must("annotate", "--unset-annotation", "a", "app");
      const { annotations, manifests } = await inspect("app");
      expect([annotations, manifests[0]?.annotations]).toEqual([{ b: "2" }, undefined]);
    },
    unset: async ({ must, fail, inspect }) => {
      await must("create", "--subject", "oci:/src:amd64", "app", "oci:/src:arm64");
      await must("annotate", "--unset", "variant", "app", "linux/arm64");
      await must("annotate", "--unset", "subject", "app");
      const { subject, manifests } = await inspect("app");
      expect([subject, manifests[0]?.platform]).toEqual([undefined, { architecture: "arm64", os: "linux" }]);
      expect(await fail("annotate", "--unset", "variant", "app")).toContain("expected subject, artifactType, annotations");
      expect(await fail("annotate", "--unset", "subject", "app", "linux/arm64")).toContain("expected os.version, os.features, variant");
    },
    "artifact-type": async ({ must, inspect }) => {
      await must("create", "app", "oci:/src:amd64");
      await must("annotate", "--artifact-type", "application/i", "app");
      await must("annotate", "--artifact-type", "application/e", "app", "linux/amd64");
      const { artifactType, manifests } = await inspect("app");
      expect([artifactType, manifests[0]?.artifactType]).toEqual(["application/i", "application/e"]);
    },
    subject: async ({ must, inspect, arm64 }) => {
      const [id = ""] = await must("create", "app");
      expect(await must("annotate", "--subject", "oci:/src:arm64", "app")).toEqual([id]);
      expect((await inspect("app")).subject).toEqual({ mediaType: mediaTypes.ociManifest, digest: digestOf(arm64), size: arm64.bytes.length });
    },
    format: async ({ must, inspect }) => {
      await must("create", "app");
      await must("annotate", "--format", "v2s2", "app");
      expect((await inspect("app")).mediaType).toBe(mediaTypes.dockerList);
    },
    json: json(["annotate", "--json", "--annotation", "a=1", "app", "linux/amd64"], { ...result, entries: [expect.stringMatching(/^sha256:/)] }),
    os: sets("annotate", "os", "OperatingSystem", { os: "OperatingSystem" }),
    arch: sets("annotate", "arch", "aRCHITECTURE", { architecture: "aRCHITECTURE" }),
    variant: sets("annotate", "variant", "vARIANT", { variant: "vARIANT" }),
    "os-version": sets("annotate", "os-version", "1.2.3", { "os.version": "1.2.3" }),
    features: sets("annotate", "features", "sse4,aes", { features: ["sse4", "aes"] }),
    "os-features": sets("annotate", "os-features", "a,b", { "os.features": ["a", "b"] }),
  },
  remove: {
    attestations: async ({ must, inspect, arm64 }) => {
      await must("create", "--all", "app", "oci:/src:multi");
      await must("remove", "--attestations", "app", "linux/amd64");
      expect(digestsIn(await inspect("app"))).toEqual([digestOf(arm64)]);
    },
    json: json(["remove", "--json", "app", "linux/amd64"], {
      ...result,
      entries: [expect.stringMatching(/^sha256:/)],
      removed: [expect.stringMatching(/^sha256:/)],
    }),
  },
  inspect: {
    output: async ({ must, fail }) => {
      await must("create", "app");
      const outputs = await Promise.all(["json", "raw", "table", "tree"].map((form) => must("inspect", "-o", form, "app")));
      expect(new Set(outputs.map((lines) => lines.join("\n"))).size).toBe(4);
      expect(await fail("inspect", "--output", "yaml", "app")).toContain("must be one of json, raw, table, tree");
    },
    json: async ({ must, fail }) => {
      await must("create", "app");
      expect(await must("inspect", "--json", "app")).toEqual(await must("inspect", "app"));
      expect(await fail("inspect", "--json", "-o", "raw", "app")).toBe("Error: --json may not be used with --output");
    },
    verbose: async ({ must }) => {
      await must("create", "app");
      for (const flag of ["--verbose", "-v"]) expect(await must("inspect", flag, "app")).toEqual(await must("inspect", "app"));
    },
  },
  push: pushEffects,
  rm: {
    ignore: async ({ must, fail }) => {
      expect(await fail("rm", "none")).toBe("Error: none: image not known");
      for (const flag of ["--ignore", "-i"]) expect(await must("rm", flag, "none")).toEqual([]);
    },
    json: json(["rm", "--json", "app"], { deletions: [{ untagged: ["localhost/app:latest"], removed: expect.stringMatching(/^[0-9a-f]{64}$/) }] }),
  },
  exists: {},
  list: {
    json: async ({ must }) => {
      const [id] = await must("create", "app");
      expect(JSON.parse((await must("list", "--json"))[0] ?? "")).toEqual([
        {
          id,
          names: ["localhost/app:latest"],
          mediaType: mediaTypes.ociIndex,
          entries: 0,
          kept: 0,
          created: expect.stringMatching(/^\d{4}-.*Z$/),
          modified: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ]);
    },
  },
};

for (const command of await loadCommands(manifest)) {
  if (isGroup(command)) continue;
  const checks = effects[command.name] ?? {};
  const flags = command.flags.filter(({ name }) => !accessFlags.includes(name));

  describe(`manifest ${command.name}`, () => {
    test("has a check for every flag that works", () => {
      const works = flags.filter(({ notYet }) => notYet === undefined).map(({ name }) => name);
      expect(Object.keys(checks).sort()).toEqual(works.sort());
    });

    for (const [name, check] of Object.entries(checks)) test(`--${name} has its effect`, async () => check(await openShell()));

    for (const { name, type, notYet } of flags) {
      if (notYet === undefined) continue;
      test(`--${name} is known and says that it does not work yet`, async () => {
        const value = { flag: [], text: ["x"], texts: ["x"], list: ["x"], number: ["1"], duration: ["1s"] }[type];
        const { fail } = await openShell();
        expect(await fail(command.name, `--${name}`, ...value, "app", "x")).toBe(`Error: --${name} is not supported yet: ${notYet}`);
      });
    }
  });
}
