/**
 * Returns `text` with everything that could steer a terminal made visible: C0 and C1 controls, DEL, bidirectional and
 * other format characters, line and paragraph separators, lone surrogates (CVE-2021-21303 and its kin).
 */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** Returns `text` cut to `length` characters, with an ellipsis where something is missing. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Returns `text` escaped and in double quotes, as errors name things. */
export function quote(text: string): string {
  return `"${escapeControls(shorten(text, 500))}"`;
}
