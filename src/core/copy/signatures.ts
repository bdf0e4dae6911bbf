import { quote } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { Copy } from "./session.ts";

/** A manifest that may be signed. */
export interface Signed {
  /** The manifest. */
  readonly manifest: Digest;
  /** Where it lies. */
  readonly source: ContentSource;
}

/** Takes along the signatures that lie beside a manifest, or notes that they stay. */
export async function copySignatures(copy: Copy, { manifest, source }: Signed, signal: AbortSignal | undefined): Promise<void> {
  if (!copy.takesSignatures || source.signatures === undefined) return;
  const options = signal ? { signal } : {};
  const signatures = await copy.run(async () => (await source.signatures?.(manifest, options)) ?? [], signal);
  if (signatures.length === 0) return;
  if (copy.target.putSignatures === undefined) copy.unsigned.add(manifest);
  else await copy.run(async () => copy.target.putSignatures?.(manifest, signatures, options), signal);
}

/** Says which signatures stay behind. */
export function sayUnsigned({ unsigned, target, report }: Copy): void {
  const [first, ...more] = unsigned;
  if (first === undefined) return;
  const others = more.length === 0 ? "" : ` and of ${more.length} more`;
  report({ type: "warning", message: `${quote(target.name)} keeps no signatures as a directory does: those of ${first}${others} stay behind` });
}
