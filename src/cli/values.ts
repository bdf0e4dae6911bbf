const switches: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text) => [text, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text) => [text, false] as const),
]);

/** Returns what `text` sets a switch to, with the words of Go's `strconv.ParseBool`; undefined for any other. */
export function readSwitch(text: string): boolean | undefined {
  return switches.get(text);
}

/** Returns the whole number `text` names, or undefined. */
export function readNumber(text: string): number | undefined {
  const number = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Returns the milliseconds of a Go duration such as `4s`, `1m30s`, `500ms` or `0`; undefined for any other text and for less than nothing. */
export function readDuration(text: string): number | undefined {
  const body = text.startsWith("+") ? text.slice(1) : text;
  if (body === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined;
  let total = 0;
  for (const [, amount, unit] of body.matchAll(/([\d.]+)([a-zµμ]+)/g)) total += Number(amount) * (units[unit ?? ""] ?? 0);
  return Number.isFinite(total) ? total : undefined;
}
