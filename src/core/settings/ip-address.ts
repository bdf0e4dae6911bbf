/** An address as a number, and how many bits it has. */
export interface IpAddress {
  /** The number. */
  readonly value: bigint;
  /** 32 or 128. */
  readonly bits: number;
}

/** Returns the address that `text` is, IPv6 with or without brackets, or undefined for everything else. */
export function parseIpAddress(text: string): IpAddress | undefined {
  return text.includes(":") ? parseIpv6(text.replace(/^\[|\]$/g, "")) : parseIpv4(text);
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return { value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), bits: 32 };
}

/** The URL parser knows every way to write an address and gives the shortest: groups, with `::` for the longest run of zeros. */
function parseIpv6(text: string): IpAddress | undefined {
  if (!/^[0-9a-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]/`)) return undefined;
  const [before = "", after = ""] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split("::");
  const [first, last] = [groupsOf(before), groupsOf(after)];
  const groups = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => "0"), ...last];
  return { value: groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n), bits: 128 };
}

function groupsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(":");
}

/** Tells whether `address` begins with the same `length` bits as `network`; an IPv4 address is in no range of IPv6. */
export function isInRange(address: IpAddress, network: IpAddress, length: number): boolean {
  if (address.bits !== network.bits || length > network.bits) return false;
  const rest = BigInt(network.bits - length);
  return address.value >> rest === network.value >> rest;
}
