import { escapeControls } from "./text.ts";

/** What was used to get in, and must not come back in a message, whoever wrote it. */
export interface Secrets {
  /** Notes a secret; one of less than four characters is let go, since it stands in any text by chance. */
  add(secret: string): void;
  /** Returns `text` with `***` for every secret, and for the beginning of one that was cut off. */
  hide(text: string): string;
}

const shortest = 4;
/** Characters that tell a secret whose end is missing. */
const beginning = 12;
/** Forms of secrets kept; a run uses a few, a server that renews tokens for ever must not fill the memory. */
const most = 1000;

/** Returns an empty set of secrets. */
export function createSecrets(): Secrets {
  const known = new Set<string>();
  return {
    add(secret) {
      if (secret.length < shortest) return;
      for (const form of [secret, escapeControls(secret), encodeURIComponent(secret.toWellFormed())]) known.add(form);
      for (const oldest of known) {
        if (known.size <= most) return;
        known.delete(oldest);
      }
    },
    hide(text) {
      let shown = text;
      // The longest first: one secret may be the beginning of another.
      for (const secret of [...known].sort((a, b) => b.length - a.length)) shown = hideOne(shown, secret);
      return shown;
    },
  };
}

function hideOne(text: string, secret: string): string {
  const head = secret.slice(0, beginning);
  let shown = "";
  let from = 0;
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, from)) {
    let length = head.length;
    while (length < secret.length && text[at + length] === secret[length]) length++;
    shown += `${text.slice(from, at)}***`;
    from = at + length;
  }
  return shown + text.slice(from);
}
