/** Where a host lies, as far as its literal form tells; a name that resolves to such an address is not seen. */
export type AddressKind = "loopback" | "link-local" | "private" | "public";

/**
 * Returns where `hostname`, as `URL.hostname` gives it, lies. The URL parser has already turned `127.1`, `0x7f.1` and
 * `2130706433` into dotted form.
 */
export function addressKind(hostname: string): AddressKind {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback";
  if (name.startsWith("[")) return kindOfIpv6(name.slice(1, -1));
  const parts = name.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part)) ? kindOfIpv4(parts.map(Number)) : "public";
}

function kindOfIpv4([first = 0, second = 0]: readonly number[]): AddressKind {
  if (first === 127 || first === 0) return "loopback";
  if (first === 169 && second === 254) return "link-local";
  const isShared = first === 100 && second >= 64 && second < 128;
  if (first === 10 || isShared || (first === 172 && second >= 16 && second < 32) || (first === 192 && second === 168)) return "private";
  return "public";
}

function kindOfIpv6(address: string): AddressKind {
  if (address === "::1" || address === "::") return "loopback";
  const embedded = /^(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (embedded) return kindOfIpv4([...pair(embedded[1]), ...pair(embedded[2])]);
  const first = Number.parseInt(address.split(":")[0] || "0", 16);
  if ((first & 0xffc0) === 0xfe80) return "link-local";
  return (first & 0xfe00) === 0xfc00 ? "private" : "public";
}

function pair(group = "0"): readonly number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}

/**
 * Tells whether `from` leads further inside than it lies itself: this machine and its link are reached only by what lies
 * there too (a cloud's metadata would be), a private network also by this machine.
 */
export function reachesInside(from: URL, to: URL): boolean {
  const [here, there] = [addressKind(from.hostname), addressKind(to.hostname)];
  if (there === "public" || there === here) return false;
  return !(there === "private" && here === "loopback");
}
