import { describe, it } from "bun:test";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { readProxies } from "../../src/core/settings/mod.ts";
import { parseRegistriesConf } from "../../src/core/settings/parse-registries-conf.ts";
import { expectLinear, expectOnlyOciErrors } from "../helper/fuzz.ts";

const registriesConf = `unqualified-search-registries = ["docker.io", "quay.io"]
short-name-mode = "permissive"

[[registry]]
prefix = "*.example.com"
location = "mirror.example.com/a"
insecure = true
blocked = false

[[registry.mirror]]
location = "localhost:5000/b"
pull-from-mirror = "digest-only"

[aliases]
"app" = "ghcr.io/me/app"
`;

const urls = ["https://ghcr.io/v2/", "http://a.b.example.com:8080/x", "https://[2001:db8::1]/", "https://10.1.2.3/"];

describe("every parser of settings answers anything with a value or one OciError, in linear time:", () => {
  const parsers: readonly (readonly [name: string, parse: (text: string) => unknown, samples: readonly string[], ...around: ((run: string) => string)[]])[] = [
    [
      "parseRegistriesConf()",
      (text) => parseRegistriesConf(encodeUtf8(text), "/registries.conf"),
      [registriesConf, ""],
      (run) => `"x" = ${JSON.stringify(run)}\n${registriesConf}`,
      (run) => `x = ${run}`,
      (run) => `${run}b = 1`,
      (run) => `[${run}b]\nx = 1`,
    ],
    [
      "readProxies() on NO_PROXY",
      (text) => urls.map(readProxies({ get: (name) => (name === "NO_PROXY" ? text : name === "HTTPS_PROXY" ? "http://proxy:3128" : undefined) })),
      ["localhost,.example.com, 10.0.0.0/8", "*", "[2001:db8::]/32,*.b.example.com:8080"],
    ],
    [
      "readProxies() on a proxy",
      (text) => urls.map(readProxies({ get: (name) => (name === "HTTPS_PROXY" ? text : undefined) })),
      ["http://user:password@proxy:3128", "proxy:3128", "https://proxy"],
    ],
  ];
  for (const [name, parse, samples, ...around] of parsers) {
    it(`${name} on texts near valid ones`, () => expectOnlyOciErrors(parse, samples));
    it(`${name} on 10^5 characters`, () => {
      expectLinear(parse);
      for (const each of around) expectLinear(parse, each);
    });
  }
});
