import { type Bytes, equalBytes, OciError } from "../../base/mod.ts";
import { publishFile, readPlainFile } from "../../content/mod.ts";
import type { ContentOptions } from "../../port/mod.ts";
import type { Digest } from "../../spec/mod.ts";
import type { DirFiles } from "./dir-files.ts";
import { blobName, olderName } from "./dir-names.ts";

const sizeLimit = 1024 * 1024;
const mostSignatures = 1000;

/** Name of the `at`th signature of a manifest, from 1; those of the root have no digest in their names. */
function signatureName(prefix: string, at: number): string {
  return `${prefix}signature-${at}`;
}

function prefixesOf(root: Digest | undefined, manifest: Digest): readonly string[] {
  const name = blobName(manifest);
  return root === manifest ? [""] : [...new Set([name, olderName(name)])].map((each) => `${each}.`);
}

/** Returns the signatures of a manifest. @throws {OciError} `LIMIT` for one over 1 MiB or more than 1000 */
export async function readSignatures(dir: DirFiles, root: Digest | undefined, manifest: Digest): Promise<readonly Bytes[]> {
  const found: Bytes[] = [];
  for (const prefix of prefixesOf(root, manifest)) found.push(...(await readNumbered(dir, prefix)));
  return found;
}

async function readNumbered({ host, path, what }: DirFiles, prefix: string): Promise<readonly Bytes[]> {
  const found: Bytes[] = [];
  for (let at = 1; ; at++) {
    const name = signatureName(prefix, at);
    const bytes = await readPlainFile(host.files, { directory: path, parts: [name], what: `${name} of ${what}` }, sizeLimit);
    if (bytes === undefined) return found;
    if (at > mostSignatures) throw new OciError("LIMIT", `Cannot read ${name} of ${what}: a manifest with more than ${mostSignatures} signatures is not read`);
    found.push(bytes);
  }
}

/** Signatures of one manifest to keep. */
export interface SignaturesToWrite extends ContentOptions {
  /** Digest of the root. */
  readonly root: Digest | undefined;
  /** What they sign. */
  readonly manifest: Digest;
  /** They themselves. */
  readonly signatures: readonly Bytes[];
}

/** Puts signatures behind those that are there; none is there twice. */
export async function writeSignatures(dir: DirFiles, { root, manifest, signatures, signal }: SignaturesToWrite): Promise<void> {
  const { files, random } = dir.host;
  const [prefix = ""] = prefixesOf(root, manifest);
  const there = [...(await readNumbered(dir, prefix))];
  for (const signature of signatures) {
    if (there.some((each) => equalBytes(each, signature))) continue;
    there.push(signature);
    await publishFile(files, files.join(dir.path, signatureName(prefix, there.length)), signature, { random, ...(signal && { signal }) });
  }
}
