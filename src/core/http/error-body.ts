import { escapeControls, type Secrets, shorten } from "../base/mod.ts";
import type { HttpResponse } from "./message.ts";

/** What the body of an error says. */
export interface ErrorBody {
  /** Codes of the distribution specification, for example `MANIFEST_UNKNOWN`. */
  readonly codes: readonly string[];
  /** What the server says in words, escaped and short; empty if it says nothing. */
  readonly text: string;
}

const maximumBody = 64 * 1024;
const maximumText = 300;
const nothing: ErrorBody = { codes: [], text: "" };

/** Returns what the body of an error says; it may be anything at all, so nothing is required and nothing fails. */
export async function readErrorBody(response: HttpResponse): Promise<ErrorBody> {
  let text: string;
  try {
    text = new TextDecoder().decode(await response.readBody(maximumBody));
  } catch {
    return nothing;
  }
  try {
    return readErrors(JSON.parse(text), response.secrets);
  } catch {
    // A page for a browser says nothing on one line.
    return /^\s*</.test(text) ? nothing : { codes: [], text: tidy(text, response.secrets) };
  }
}

/** Understands the specification's `errors`, and the single member that token services and proxies use. */
function readErrors(value: unknown, secrets: Secrets): ErrorBody {
  const errors = member(value, "errors");
  if (!Array.isArray(errors))
    return {
      codes: [],
      text: tidy(["details", "message", "error_description", "error"].map((name) => textOf(member(value, name))).find((text) => text !== "") ?? "", secrets),
    };
  const codes = errors.slice(0, 10).flatMap((error) => {
    const code = secrets.hide(textOf(member(error, "code")));
    return /^[A-Z0-9_]{1,64}$/.test(code) ? [code] : [];
  });
  const texts = errors.slice(0, 10).map((error) => textOf(member(error, "message")));
  return { codes: [...new Set(codes)], text: tidy([...new Set(texts)].filter((text) => text !== "").join("; "), secrets) };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A server may say again what it was sent, on purpose or to be of help. */
function tidy(text: string, secrets: Secrets): string {
  return escapeControls(shorten(secrets.hide(text).replace(/[\s]+/g, " ").trim(), maximumText));
}
