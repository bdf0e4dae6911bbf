import { describe, expect, it } from "bun:test";
import { OciError } from "../../src/core/base/mod.ts";
import type { FileSystem } from "../../src/core/port/mod.ts";
import { type ListRecord, type ListStore, openListStore } from "../../src/core/store/mod.ts";
import { keptContent } from "../../src/core/store/references.ts";
import { memoryClock, memoryHost, memoryRandom } from "../../src/host/memory.ts";
import { type Fault, faultyFiles } from "./faults.ts";
import { forgetfulFiles } from "./forgetful.ts";

const root = "/data";

const random = memoryRandom();

/** Returns the store in `files`, as another process opens it. */
export function storeOn(files: FileSystem): ListStore {
  return openListStore({ ...memoryHost({ clock: memoryClock(1e12), random }), files }, { root });
}

/** The full name of the list that operations change. */
export const app = "localhost/app:latest";

/** Something that is done to a store, all of it or nothing. */
export interface Operation {
  readonly name: string;
  /** What {@linkcode look} sees before. */
  readonly before: string;
  readonly after: string;
  readonly prepare: (store: ListStore) => Promise<unknown>;
  readonly run: (store: ListStore) => Promise<unknown>;
}

/** What of a store an operation must leave as it was or make as it should be. */
async function look(files: FileSystem): Promise<string> {
  const store = storeOn(files);
  const { records, damaged } = await store.all();
  expect(damaged).toEqual([]);
  for (const record of records) await expectWhole(store, record);
  return records.map(describeRecord).sort().join(" ");
}

function describeRecord({ names, index }: ListRecord): string {
  return `${names.join() || "nameless"}=${index.manifests.length}`;
}

/** Whatever a record says is kept can be read. */
async function expectWhole(store: ListStore, record: ListRecord): Promise<void> {
  for (const promised of (await keptContent(store.content, record)).values()) expect(await store.content.holds(promised)).toBe(true);
}

interface Result {
  readonly files: FileSystem;
  readonly isAcknowledged: boolean;
  /** Name of the call that failed; undefined when the operation made fewer calls. */
  readonly failed: string | undefined;
}

async function runWith(operation: Operation, fault: Fault, linkless: boolean): Promise<Result> {
  const memory = memoryHost({ clock: memoryClock(1e12) }).files;
  const files = linkless ? { ...memory, link: refuseLinks } : memory;
  await operation.prepare(storeOn(files));
  const faulty = faultyFiles(files, fault);
  const isAcknowledged = await operation.run(storeOn(faulty.files)).then(
    () => true,
    () => false,
  );
  return { files, isAcknowledged, failed: faulty.failed() };
}

async function refuseLinks(): Promise<never> {
  throw new OciError("UNSUPPORTED", "Cannot link: the file system refuses");
}

const kinds: readonly (readonly [name: string, linkless: boolean])[] = [
  ["with links", false],
  ["without links", true],
];

/** Everything that was not brought to the disk is forgotten, or all of it is kept. */
const extremes = [{ number: () => 0.9 }, { number: () => 0.1 }];

/**
 * Tests that each operation is done or not done, as it says, when any of its calls fails, when its process dies at any, and when the
 * machine does; `expectUsable` is what another process does with what is left.
 */
export function testOperations(operations: readonly Operation[], expectUsable: (files: FileSystem) => Promise<void>): void {
  describe.each(kinds)("a list store %s", (_, linkless) => {
    it.each(operations.map((operation) => [operation.name, operation] as const))(
      "is as before when a call of %s fails, and says so",
      async (_name, operation) => {
        for (let at = 1; ; at++) {
          const { files, isAcknowledged, failed } = await runWith(operation, { at }, linkless);
          const seen = await look(files);
          if (isAcknowledged) expect(seen).toBe(operation.after);
          else if (failed !== "syncDirectory") expect([at, failed, seen]).toEqual([at, failed, operation.before]);
          // Whether names are on the disk cannot be told then: all of the change is there, or nothing.
          else expect([operation.before, operation.after]).toContain(seen);
          if (failed === undefined) return expect(isAcknowledged).toBe(true);
          await expectUsable(files);
        }
      },
      60_000,
    );

    it.each(operations.map((operation) => [operation.name, operation] as const))(
      "is as before or after when the process dies at any call of %s",
      async (_name, operation) => {
        for (let at = 1; ; at++) {
          const { files, isAcknowledged, failed } = await runWith(operation, { at, dies: true }, linkless);
          expect(isAcknowledged ? [operation.after] : [operation.before, operation.after]).toContain(await look(files));
          if (failed === undefined) return expect(isAcknowledged).toBe(true);
          await expectUsable(files);
        }
      },
      60_000,
    );
  });

  describe.each(kinds)("a list store %s on a machine that dies", (_, linkless) => {
    it.each(operations.map((operation) => [operation.name, operation] as const))(
      "has what was acknowledged, at whatever call of %s",
      async (_name, operation) => {
        for (let at = 1; ; at++) {
          const disk = forgetfulFiles();
          const files = linkless ? { ...disk.files, link: refuseLinks } : disk.files;
          await operation.prepare(storeOn(files));
          const faulty = faultyFiles(files, { at, dies: true });
          const isAcknowledged = await operation.run(storeOn(faulty.files)).then(
            () => true,
            () => false,
          );
          for (const chance of [...extremes, memoryRandom(at)]) {
            const { files: left } = disk.crash(chance);
            expect(isAcknowledged ? [operation.after] : [operation.before, operation.after]).toContain(await look(left));
            if (chance === extremes[0]) await expectUsable(left);
          }
          if (faulty.failed() === undefined) return expect(isAcknowledged).toBe(true);
        }
      },
      60_000,
    );
  });
}
