import { quote } from "../base/mod.ts";
import type { ContentSource } from "../port/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { forLanes, inEachLane, isRunning, type Lane } from "./lane.ts";
import type { Copy } from "./session.ts";

/** A manifest that may be signed. */
export interface Signed {
  /** The manifest. */
  readonly manifest: Digest;
  /** Where it lies. */
  readonly source: ContentSource;
  /** Where it goes. */
  readonly lanes: readonly Lane[];
}

/** Takes along the signatures that lie beside a manifest, or notes that they stay. */
export async function copySignatures(copy: Copy, { manifest, source, lanes }: Signed, signal: AbortSignal): Promise<void> {
  if (!copy.takesSignatures || source.signatures === undefined) return;
  const read = () => copy.run(async () => (await source.signatures?.(manifest, { signal })) ?? [], signal);
  const signatures = (await forLanes(copy, lanes, read, signal)) ?? [];
  if (signatures.length === 0) return;
  const put = async ({ target, unsigned }: Lane, inner: AbortSignal): Promise<void> => {
    if (target.putSignatures === undefined) unsigned.add(manifest);
    else await copy.run(async () => target.putSignatures?.(manifest, signatures, { signal: inner }), inner);
  };
  await inEachLane(copy, lanes, put, signal);
}

/** Says which signatures stay behind. */
export function sayUnsigned({ lanes, report }: Copy): void {
  for (const { target, unsigned } of lanes.filter(isRunning)) {
    const [first, ...more] = unsigned;
    if (first === undefined) continue;
    const others = more.length === 0 ? "" : ` and of ${more.length} more`;
    report({ type: "warning", message: `${quote(target.name)} keeps no signatures as a directory does: those of ${first}${others} stay behind` });
  }
}
