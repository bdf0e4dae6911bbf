/** A known vulnerability of programs of this kind. */
export interface Vulnerability {
  /** Every name it has; each stands in the name of a test. */
  readonly names: readonly string[];
  /** Tests that fail where it exists: their names, or the parts of them that stand in the source in one piece. */
  readonly tests: readonly string[];
}

const matrix = "credentials go to the registry and its token service alone (";
const shown = "no secret is shown at --log-level debug (";

/** What has gone wrong in other clients of registries, and the tests that it cannot go wrong so here. */
export const vulnerabilities: readonly Vulnerability[] = [
  { names: ["CVE-2020-15157"], tests: ["never asks the hosts in urls (", "whatever a layer's urls say ("] },
  {
    names: ["CVE-2021-41190", "GHSA-mc8v-mgrf-8f4m", "GHSA-5j5w-g665-5m35"],
    tests: ["refuses a list that is an image too", "an index that is an image (", "an image that is an index (", "refuses a document that is index and image"],
  },
  {
    names: ["CVE-2024-3727", "GHSA-6wvf-f2vw-3425"],
    tests: [
      "refuses the digest %j (",
      "refuses a digest that would leave its path (",
      "path() refuses a digest that would be a path (",
      "an entry whose digest leaves its path (",
    ],
  },
  {
    names: ["CVE-2020-1702"],
    tests: ["stops reading a body at its limit (", "refuses an endless manifest (", "cannot fill the memory with a token (", "a body without end ("],
  },
  { names: ["CVE-2019-10214"], tests: ["whatever realm a registry names (", "never go over http to a realm on another host ("] },
  {
    names: ["CVE-2025-24882", "GHSA-qv35-3gw6-8q4j"],
    tests: ["refuses another manifest than the digest asked for", "another one than the digest asked for prints nothing ("],
  },
  { names: ["regclient 39de02d", "1a80807", "746d6cf", "ae2d5af"], tests: [matrix] },
  { names: ["GHSA-vh4v-2xq2-g5cg"], tests: ["whatever a redirect of a ", "though the token service redirects (", "never follow a redirect of status "] },
  { names: ["GHSA-28r5-37g7-p6mp", "GHSA-xf85-363p-868w", "GHSA-x2f5-332j-9xwq"], tests: ["whatever realm a registry names ("] },
  { names: ["GHSA-jxpm-75mh-9fp7", "oras-go#1273"], tests: ["wherever an upload is to go on (", "never go to the host of an upload Location "] },
  { names: ["GHSA-h7vf-4x9w-h99v", "ggcr#2332", "oras-go#1214", "oras-go#1215"], tests: ["whatever an answer's Link says ("] },
  { names: ["GHSA-f36w-mj3v-6jqv"], tests: ["refuses the size %s (", "an entry of negative size (", "an entry of a size without end ("] },
  {
    names: ["GHSA-8xwf-rjm4-xvhv", "GHSA-fxhp-mv3v-67qp", "CVE-2026-50163", "GHSA-m37j-52j7-pjw7"],
    tests: ["putBlob() writes nothing where a link leads (", "read() and put() do not follow a link", "fault} (GHSA-8xwf-rjm4-xvhv"],
  },
  {
    names: ["GHSA-298f-872v-2rcx", "CVE-2026-55588"],
    tests: ["a subject that names it again is copied", "copies an index of 10 levels and refuses one of 11 (", "refuses indexes that contain each other"],
  },
  { names: ["CVE-2021-21272"], tests: ["its files by a path is written under its digests"] },
  {
    names: ["2193", "2243", "2284", "2285", "2292", "2293", "2295", "2296", "2328", "2337", "2349", "2360"].map((number) => `ggcr#${number}`),
    tests: [matrix],
  },
  {
    names: ["ggcr#2303"],
    tests: ["refuses any content that differs in a byte (", "fails as soon as content is too long", "blob() fails at its end where a layer is not"],
  },
  { names: ["ggcr#2306", "CVE-2021-29136"], tests: ["resolve() and putRoot() refuse a layout whose "] },
  { names: ["ggcr#2334"], tests: ["takes names that begin with ./ ("] },
  { names: ["CVE-2021-41092"], tests: ["(CVE-2021-41092)"] },
  { names: ["CVE-2021-21285"], tests: ["answers anything with a value or one error ("] },
  { names: ["CVE-2014-8178", "CVE-2014-8179"], tests: ["names that stand twice, hundreds of thousands of them"] },
  { names: ["CVE-2023-25153", "GHSA-259w-8hf6-59c2"], tests: ["resolve() refuses an index.json over 4 MiB (", "refuses an index.json over 4 MiB ("] },
  { names: ["CVE-2025-47290"], tests: ["says so where the archive has been replaced by another ("] },
  { names: ["CVE-2024-29902", "CVE-2024-29903"], tests: ["a million entries ("] },
  { names: ["CVE-2023-33959"], tests: ["reads no list of referrers without end ("] },
  { names: ["CVE-2021-32690", "GHSA-56hp-xqp3-w2jf"], tests: ["whatever a redirect of a "] },
  {
    names: ["CVE-2021-21303", "GHSA-c38g-469g-cmgx", "CVE-2021-25743"],
    tests: [
      "escapes what could steer a terminal (",
      "takes a body of any kind in an error and escapes it (",
      "keeps order and makes control characters in lines visible (",
    ],
  },
  { names: ["GHSA-rp3h-jf77-q9p4"], tests: ["members (GHSA-rp3h-jf77-q9p4)"] },
  { names: ["CVE-2025-32386"], tests: ["open() stops unpacking what grows beyond measure"] },
  { names: ["CVE-2026-35206"], tests: ["refuses %j (CVE-2026-35206)"] },
  { names: ["GHSA-65gg-3w2w-hr4h"], tests: ["wants to trust it: --cert-dir, or --tls-verify=false ("] },
  { names: ["CVE-2017-11468"], tests: ["refuses more than 4 MiB without asking ("] },
  { names: ["CVE-2024-39897"], tests: ["layers that lie elsewhere in a registry"] },
  {
    names: ["CVE-2026-23745", "CVE-2026-23950", "CVE-2026-24842", "CVE-2026-26960", "CVE-2026-29786", "CVE-2026-31802"],
    tests: ["pins every dependency to one version (", "fault} (GHSA-8xwf-rjm4-xvhv"],
  },
  {
    names: ["CVE-2023-45143", "CVE-2024-24758", "CVE-2024-30260", "CVE-2024-30261", "CVE-2024-28849"],
    tests: ["returns a redirect with its location"],
  },
  {
    names: [
      "CVE-2021-45449",
      "CVE-2024-6104",
      "oras-go#1271",
      "oras-go#1272",
      "rust-oci-client#254",
      "rust-oci-client#260",
      "moby#52971",
      "distribution-spec#523",
      "ggcr#816",
      "ggcr#1947",
    ],
    tests: [shown],
  },
  {
    names: [
      "mafintosh/docker-parse-image#3",
      "dotnet/sdk-container-builds#387",
      "spring-boot#39246",
      "spring-boot#39617",
      "docker-image-py#10",
      "docker-image-py#12",
      "rancher#7641",
      "microsoft/security-devops-action#243",
    ],
    tests: ["reads 64 KiB of a worst case in one pass ("],
  },
  { names: ["CVE-2023-2253"], tests: ["asks no registry for all its repositories or tags"] },
  // Shown as it is: only literal addresses and localhost are refused, a name that resolves to one is asked without credentials.
  { names: ["ggcr#2440"], tests: ["whatever address a redirect's name resolves to, which is not refused ("] },
  { names: ["in-toto/specification#74"], tests: ["finds %s (in-toto/specification#74)"] },
];
