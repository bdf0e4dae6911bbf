import { RegistryError } from "../../base/mod.ts";
import { type HttpMethod, type HttpResponse, isTransientFailure, isTransientStatus, readErrorBody, redactUrl, TransientError } from "../../http/mod.ts";

/** What was tried, for {@linkcode registryError}. */
export interface Attempted {
  /** How the sentence begins: `Cannot read "ghcr.io/me/app:1"`. */
  readonly doing: string;
  /** Method of the request. */
  readonly method: HttpMethod;
}

/** An answer, and what a person can do where it is a refusal. */
export interface RegistryResponse extends HttpResponse {
  /** Begins with a comma. */
  readonly advice?: string;
}

/** Returns what `response` says as an error; its body is read under a limit and may be anything. */
export async function registryError(response: RegistryResponse, { doing, method }: Attempted): Promise<RegistryError> {
  const { codes, text } = await readErrorBody(response);
  const said = [response.status, ...codes].join(" ");
  const message = `${doing}: the registry answered ${said}${text === "" ? "" : ` (${text})`}${response.advice ?? ""}`;
  return new RegistryError(message, { method, url: redactUrl(response.url), status: response.status, codes });
}

/** Returns what to throw for `response`: where its status passes, what makes `retry` try again. */
export async function failureOf(response: RegistryResponse, attempted: Attempted): Promise<RegistryError | TransientError> {
  const error = await registryError(response, attempted);
  return isTransientStatus(response.status) ? new TransientError(error, response.retryAfter) : error;
}

/** Tells whether a request that failed with `error` may have been carried out: no answer came, or the server broke down. */
export function mayHaveHappened(error: unknown): boolean {
  if (!(error instanceof TransientError)) return isTransientFailure(error);
  return error.failure instanceof RegistryError && error.failure.answer.status >= 500;
}
