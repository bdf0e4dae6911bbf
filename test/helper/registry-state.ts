import { createHash } from "node:crypto";
import type { RegistryOptions, SeenRequest, StoredRepository } from "./registry-types.ts";

export interface Grant {
  readonly user: string | undefined;
  readonly scopes: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Context {
  readonly options: RegistryOptions;
  readonly repositories: Map<string, StoredRepository>;
  readonly uploads: Map<string, { readonly repository: string; pieces: Uint8Array[]; size: number }>;
  readonly tokens: Map<string, Grant>;
  readonly tokenRequests: SeenRequest[];
  /** Counts what quirks count, by name. */
  readonly counts: Map<string, number>;
  origin: string;
  tokenOrigin: string;
}

export function sha256(bytes: Uint8Array | string, algorithm: string = "sha256"): `${string}:${string}` {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

export function repositoryOf(context: Context, name: string): StoredRepository {
  let repository = context.repositories.get(name);
  if (!repository) context.repositories.set(name, (repository = { manifests: new Map(), tags: new Map(), blobs: new Map() }));
  return repository;
}

export function error(status: number, code: string, message: string = code.toLowerCase().replaceAll("_", " ")): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify({ errors: [{ code, message }] }) };
}
