import { OciError } from "../core/base/mod.ts";
import type { Environment, TlsOptions } from "../core/port/mod.ts";
import { cryptoModule, fsModule, pathModule } from "./builtin.ts";

/** The places Go looks in (crypto/x509/root_linux.go and its kin), so that whatever podman trusts is trusted here. */
const files: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
  "/usr/local/etc/ssl/cert.pem",
  "/usr/local/share/certs/ca-root-nss.crt",
];
const directories: readonly string[] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/** TLS settings as Node, Bun and Deno's `node:tls` take them. */
export interface TlsSettings {
  /** Every certificate that is trusted; undefined where nothing is checked. */
  readonly ca?: string;
  /** Certificate of this side. */
  readonly cert?: string;
  /** Key of this side. */
  readonly key?: string;
  /** Whether to check. */
  readonly rejectUnauthorized: boolean;
}

/** Returns a function that turns the port's TLS options into settings; it reads the system's store once, when first needed. */
export function createTrust(environment: Environment): (tls: TlsOptions) => Promise<TlsSettings> {
  let store: Promise<ReadonlyMap<string, string>> | undefined;
  return async (tls) => {
    const identity = { ...(tls.certificate !== undefined && { cert: tls.certificate }), ...(tls.key !== undefined && { key: tls.key }) };
    checkIdentity(tls);
    if (tls.verify === false) return { ...identity, rejectUnauthorized: false };
    const known = new Map(await (store ??= readStore(environment)));
    for (const authority of tls.authorities ?? []) addGiven(known, authority);
    return { ...identity, ca: [...known.values()].join("\n"), rejectUnauthorized: true };
  };
}

/** The runtime's own, then the system's; an `ca` setting replaces what a runtime would trust, NODE_EXTRA_CA_CERTS included. */
async function readStore(environment: Environment): Promise<ReadonlyMap<string, string>> {
  const { rootCertificates } = await import("node:tls");
  const known = new Map<string, string>();
  for (const pem of rootCertificates) add(known, pem);
  for (const pem of await systemStore(environment)) add(known, pem);
  const extra = environment.get("NODE_EXTRA_CA_CERTS");
  if (extra !== undefined) add(known, await tryRead(extra));
  return known;
}

async function systemStore(environment: Environment): Promise<readonly string[]> {
  const file = environment.get("SSL_CERT_FILE");
  const directory = environment.get("SSL_CERT_DIR");
  const bundle = await firstRead(file === undefined ? files : [file]);
  if (directory !== undefined) return [bundle, ...(await readDirectories(directory.split(":")))];
  return bundle === "" ? await readDirectories(directories) : [bundle];
}

async function firstRead(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const text = await tryRead(path);
    if (text !== "") return text;
  }
  return "";
}

async function readDirectories(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const names = await fsModule()
      .promises.readdir(path)
      .catch(() => []);
    for (const name of names) found.push(await tryRead(pathModule().join(path, name)));
  }
  return found;
}

/** A store that cannot be read trusts nobody, as in Go. */
async function tryRead(path: string): Promise<string> {
  return await fsModule()
    .promises.readFile(path, "utf8")
    .catch(() => "");
}

/** Adds the certificates in `text` by their content; returns how many there are. */
function add(known: Map<string, string>, text: string): number {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  for (const block of blocks) {
    const content = block.replace(/\s/g, "");
    if (!known.has(content)) known.set(content, block);
  }
  return blocks.length;
}

function addGiven(known: Map<string, string>, authority: string): void {
  if (add(known, authority) === 0) throw new OciError("INVALID", "Cannot use the given certificate authority: it holds no PEM certificate");
}

/** Runtimes report a broken pair in words of their own, or as a socket that did not open. */
function checkIdentity({ certificate, key }: TlsOptions): void {
  if (certificate === undefined && key === undefined) return;
  if (certificate === undefined || key === undefined)
    throw new OciError("INVALID", "Cannot use the client certificate: certificate and key belong together, one is missing");
  const { createPrivateKey, X509Certificate } = cryptoModule();
  let fits: boolean;
  try {
    fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new OciError("INVALID", "Cannot use the client certificate: certificate or key is not valid PEM", { cause });
  }
  if (!fits) throw new OciError("INVALID", "Cannot use the client certificate: the key belongs to another certificate");
}
