import { type ErrorCode, OciError, quote } from "../core/base/mod.ts";

const codes: Readonly<Record<string, ErrorCode>> = { ENOENT: "NOT_FOUND", ENOTDIR: "NOT_FOUND", EEXIST: "EXISTS", ENOTEMPTY: "EXISTS" };

/** Returns the system's code of `error` (`ENOENT`, …), or undefined for another kind of error. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Returns the failure to `verb` a path as an {@linkcode OciError} with the system's words; an `OciError` stays what it is. */
export function fileError(verb: string, path: string, cause: unknown): OciError {
  if (cause instanceof OciError) return cause;
  return new OciError(codes[systemCode(cause) ?? ""] ?? "IO", `Cannot ${verb} ${quote(path)}: ${systemWords(cause)}`, { cause });
}

/** Returns `ENOSPC: no space left on device` of `ENOSPC: no space left on device, write '/tmp/x'`. */
export function systemWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z][A-Z0-9_]+: [^,]+/.exec(message)?.[0] ?? systemCode(error) ?? message;
}
