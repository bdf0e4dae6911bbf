import type { Bytes } from "../core/base/mod.ts";

/** Returns `bytes` over a plain buffer, as the web's types want them; copies only where they share memory. */
export function plainBytes(bytes: Uint8Array): Bytes {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}
