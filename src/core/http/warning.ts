import { escapeControls, shorten } from "../base/mod.ts";

const maximumLength = 4096;

/**
 * Returns the texts of the warnings a registry may send, `299 - "text"` (distribution-spec "Warnings"), escaped for a
 * terminal. Other codes and agents are passed over, and nothing beyond 4096 characters is looked at.
 */
export function parseWarnings(header: string | null): readonly string[] {
  const texts: string[] = [];
  let rest = shorten(header ?? "", maximumLength);
  for (;;) {
    const quoted = rest.indexOf('"');
    if (quoted < 0) return texts;
    const intro = rest.slice(0, quoted).replace(/^[\s,]+/, "");
    const { text, length } = readQuoted(rest.slice(quoted + 1));
    if (intro.trimEnd() === "299 -" && text !== "") texts.push(escapeControls(text));
    rest = rest.slice(quoted + 1 + length);
  }
}

function readQuoted(rest: string): { readonly text: string; readonly length: number } {
  let text = "";
  for (let at = 0; at < rest.length; at++) {
    if (rest[at] === '"') return { text, length: at + 1 };
    if (rest[at] === "\\") at++;
    text += rest[at] ?? "";
  }
  return { text, length: rest.length };
}
