import { describe, it } from "bun:test";
import { findHelper, findInAuthFile, parseAuthFile } from "../../src/core/auth/auth-file.ts";
import { mergeScopes, parseChallenges, parseRegistryKey } from "../../src/core/auth/mod.ts";
import { encodeUtf8 } from "../../src/core/base/mod.ts";
import { expectLinear, expectOnlyOciErrors } from "../helper/fuzz.ts";

const entries = {
  "ghcr.io": { auth: btoa("user:password") },
  "https://index.docker.io/v1/": { username: "user", password: "password" },
  "r.io/me/app": { auth: btoa("<token>:"), identitytoken: "token" },
  "quay.io": {},
};
const authFile = JSON.stringify({ auths: entries, credHelpers: { "gcr.io": "gcr" }, credsStore: "desktop" });

/** Looks for everything in an auth file. */
function searchAuthFile(text: string): void {
  const file = parseAuthFile(encodeUtf8(text), "/auth.json");
  for (const domain of ["ghcr.io", "docker.io", "r.io", "quay.io", "gcr.io", "__proto__", "constructor"]) {
    findHelper(file, domain);
    for (const path of ["", "me/app", "library/__proto__"]) findInAuthFile(file, { domain, path });
  }
}

describe("every parser of credentials answers anything with a value or one OciError, in linear time:", () => {
  const parsers: readonly (readonly [name: string, parse: (text: string) => unknown, samples: readonly string[], ...around: ((run: string) => string)[]])[] = [
    [
      "parseChallenges()",
      parseChallenges,
      ['Bearer realm="https://r/t",service="s",scope="repository:a:pull,push"', 'Negotiate YII==, Basic realm="a \\" b"', "Digest qop=auth"],
    ],
    [
      "mergeScopes()",
      (text) => mergeScopes([text, "repository:a:pull"]),
      ["repository:a:pull,push repository:b/c:*", "registry:catalog:*"],
      (run) => `repository:${run}:pull`,
    ],
    ["parseRegistryKey()", parseRegistryKey, ["ghcr.io", "localhost:5000/me", "https://index.docker.io/v1/"]],
    ["parseAuthFile()", searchAuthFile, [authFile, "{}", ""], (run) => JSON.stringify({ auths: { "ghcr.io": { auth: run }, [run]: { username: run } } })],
  ];
  for (const [name, parse, samples, ...around] of parsers) {
    it(`${name} on texts near valid ones`, () => expectOnlyOciErrors(parse, samples));
    it(`${name} on 10^5 characters`, () => {
      expectLinear(parse);
      for (const each of around) expectLinear(parse, each);
    });
  }
});
