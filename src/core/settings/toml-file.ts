import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { decodeUtf8, escapeControls, OciError, quote, shorten } from "../base/mod.ts";
import { lineOf, type TomlPath } from "./toml-line.ts";

/** Makes the error for what stands at a path of a file. */
export type Fault = (path: TomlPath, seen: string) => OciError;

/** What a file of settings says. */
export interface TomlFile<T> {
  /** Its tables. */
  readonly value: T;
  /** Makes the error for what stands at a path. */
  readonly fault: Fault;
}

/** Which file is read. */
export interface TomlSource {
  /** Its content. */
  readonly bytes: Uint8Array;
  /** Its path. */
  readonly file: string;
  /** What it settles: `registries`, `storage`. */
  readonly about: string;
}

/** Returns the tables of a file as `schema` has them; keys that nobody knows are left alone. @throws {OciError} `INVALID` that names file and line */
export function parseToml<T>({ bytes, file, about }: TomlSource, schema: v.GenericSchema<unknown, T>): TomlFile<T> {
  const what = `${about} configuration ${quote(file)}`;
  const text = decodeUtf8(bytes, what);
  const wrong = (line: number, seen: string): OciError => new OciError("INVALID", `Cannot use ${what}, line ${line}: ${seen}`);
  const fault: Fault = (path, seen) => wrong(lineOf(text, path), seen);
  const result = v.safeParse(schema, readTables(text, wrong), { abortEarly: true });
  if (result.success) return { value: result.output, fault };
  const [issue] = result.issues;
  const path = (issue.path ?? []).flatMap(({ key }) => (typeof key === "string" || typeof key === "number" ? [key] : []));
  throw fault(path, escapeControls(shorten(`${path.at(-1)} must be ${kindOf(issue.expected)}, not ${kindOf(issue.received)}`, 200)));
}

function readTables(text: string, wrong: (line: number, seen: string) => OciError): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ""] = error.message.split("\n");
    throw wrong(error.line, escapeControls(first.replace(/^Invalid TOML document: /, "")));
  }
}

/** Returns TOML's word for a type; its tables have no prototype, by which other objects are known. */
function kindOf(type: string | null): string {
  if (type === "Array") return "an array";
  return type === "Object" || type === "null" ? "a table" : (type ?? "something else");
}
