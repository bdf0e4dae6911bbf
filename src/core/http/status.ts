const transient: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Tells whether an answer with this status may be another one a little later. */
export function isTransientStatus(status: number): boolean {
  return transient.has(status);
}

/** Tells whether an answer with this status points elsewhere. */
export function isRedirectStatus(status: number): boolean {
  return redirects.has(status);
}
