import { after, before, afterEach as nodeAfterEach, beforeEach as nodeBeforeEach, describe as nodeDescribe, it as nodeIt } from "node:test";
import { expect } from "expect";

type Body = (...values: never[]) => unknown;
type Limit = number | { readonly timeout?: number };

/** What `test`, `it` and `describe` of `bun:test` can do here. */
interface Block {
  (name: string, body: Body, limit?: Limit): void;
  /** Registers one block a row; an array is spread over the parameters. */
  readonly each: (rows: readonly unknown[]) => Block;
  /** Registers the block as skipped. */
  readonly skip: Block;
  /** Skips where `condition` holds. */
  readonly skipIf: (condition: boolean) => Block;
  /** Skips where `condition` does not hold. */
  readonly if: (condition: boolean) => Block;
}

type Register = (name: string, options: { readonly skip: boolean; readonly timeout?: number }, body: () => unknown) => unknown;

function makeBlock(register: Register): Block {
  const add = (name: string, body: Body, limit: Limit | undefined, skip: boolean, values: readonly unknown[] = []): void => {
    const timeout = typeof limit === "number" ? limit : limit?.timeout;
    register(name, { skip, ...(timeout !== undefined && { timeout }) }, () => Reflect.apply(body, undefined, values));
  };
  const make = (skip: boolean, rows?: readonly unknown[]): Block => {
    const block = (name: string, body: Body, limit?: Limit): void => {
      if (!rows) add(name, body, limit, skip);
      for (const [at, row] of (rows ?? []).entries()) {
        const values = Array.isArray(row) ? row : [row];
        add(formatName(name, values, at), body, limit, skip, values);
      }
    };
    return Object.defineProperties(block, {
      each: { value: (given: readonly unknown[]) => make(skip, given) },
      skip: { get: () => make(true, rows) },
      skipIf: { value: (condition: boolean) => make(skip || condition, rows) },
      if: { value: (condition: boolean) => make(skip || !condition, rows) },
    }) as Block;
  };
  return make(false);
}

function formatName(name: string, values: readonly unknown[], at: number): string {
  let next = 0;
  return name.replace(/%([sdifjopc#%])/g, (_, letter: string) => {
    if (letter === "%") return "%";
    if (letter === "#") return String(at);
    const value = values[next++];
    return typeof value === "string" || letter === "s" ? String(value) : (JSON.stringify(value) ?? String(value));
  });
}

/** Milliseconds that a test may take which says nothing of it. */
const testTimeout = 120_000;

/** The part of `bun:test` that the core's tests use, over `node:test`, for Node and Deno. Snapshots and mocks are not in it. */
const it: Block = makeBlock((name, options, body) => nodeIt(name, { timeout: testTimeout, ...options }, async () => void (await body())));
// Deno counts a group as one more test; the mark lets scripts/test.ts leave groups out.
const groupMark = "Deno" in globalThis ? " ▸" : "";
const describe: Block = makeBlock((name, options, body) =>
  nodeDescribe(name + groupMark, options, () => {
    depth++;
    body();
    depth--;
  }),
);

let depth = 0;

type Hook = (body: () => void | Promise<void>) => void;

/** Where files share a process, a hook outside of every group would run for all of them: scripts/test.ts should have seen it. */
function inGroup(hook: Hook): Hook {
  return (body) => {
    if (depth === 0 && "testsShareProcess" in globalThis) throw new Error("a hook stands outside of every group, in a file that shares its process");
    hook(body);
  };
}

const afterAll: Hook = inGroup(after);
const afterEach: Hook = inGroup(nodeAfterEach);
const beforeAll: Hook = inGroup(before);
const beforeEach: Hook = inGroup(nodeBeforeEach);

export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, it as test };
