import * as v from "valibot";
import { OciError } from "./errors.ts";
import { readJson } from "./json.ts";
import { escapeControls, shorten } from "./text.ts";

/** The entries of a schema for interface `T`: with `satisfies`, a missing, surplus or mistyped member does not compile. */
export type EntriesOf<T> = {
  readonly [K in keyof T]-?:
    | v.GenericSchema<unknown, Exclude<T[K], undefined>>
    | v.ExactOptionalSchema<v.GenericSchema<unknown, Exclude<T[K], undefined>>, undefined>;
};

/** Returns `value` as what `schema` promises; `what` names it. @throws {OciError} `INVALID` that says what was expected where */
export function parseAs<T>(schema: v.GenericSchema<unknown, T>, value: unknown, what: string): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw refusal(result.issues[0], what, describe(result.issues[0]));
}

function refusal(issue: v.BaseIssue<unknown>, what: string, seen: string): OciError {
  const path = v.getDotPath(issue);
  return new OciError("INVALID", `Cannot read ${what}${path === null ? "" : ` at ${shown(path)}`}: ${shown(seen)}`);
}

/** What was received comes from outside: it can be long, and it can steer a terminal. */
function shown(text: string): string {
  return escapeControls(shorten(text, 200));
}

function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.type === "strict_object" && issue.expected === "never") return `unknown key ${issue.received}`;
  if (issue.expected === null || issue.type === "custom" || issue.type === "min_length") return issue.message;
  return issue.received === "undefined" ? "it is missing" : `expected ${issue.expected}, received ${issue.received}`;
}

/** Returns the JSON value in `bytes` as what `schema` promises. @throws {OciError} `INVALID` */
export function parseJson<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array, what: string): T {
  return parseAs(schema, readDocument(schema, bytes, what), what);
}

/** Returns the JSON value in `bytes`; a schema of an object would take a list for one without members. */
function readDocument(schema: v.GenericSchema, bytes: Uint8Array, what: string): unknown {
  const value = readJson(bytes, what);
  if (Array.isArray(value) && schema.type === "object") throw new OciError("INVALID", `Cannot read ${what}: expected an object, received a list`);
  return value;
}

/** Does what {@linkcode parseJson} does for a document of passwords and tokens: the error says where something is wrong, and not what stands there. @throws {OciError} `INVALID` */
export function parseSecretJson<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array, what: string): T {
  const result = v.safeParse(schema, readDocument(schema, bytes, what), { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw refusal(issue, what, issue.expected === null ? "something else was expected" : `expected ${issue.expected}`);
}
