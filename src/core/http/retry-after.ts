const longest = 5 * 60 * 1000;

/**
 * Returns the wait in milliseconds that a `Retry-After` header asks for, at most five minutes, or undefined where it says
 * nothing that can be understood. `now` is in milliseconds since 1970.
 */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  // Date.parse("120") is the year 120, so seconds are looked for first.
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longest);
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(date - now, 0), longest);
}
