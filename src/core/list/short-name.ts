import { type Bytes, isOciError, OciError, quote } from "../base/mod.ts";
import { swapFile } from "../content/mod.ts";
import { noteChoice, type ShortName, unknownShortName } from "../settings/mod.ts";
import { type DockerLocation, formatReference, type Reference } from "../spec/mod.ts";
import { type ListContext, signalOf, warn } from "./context.ts";

/** A short name. */
export interface Sought {
  /** The name. */
  readonly name: string;
  /** Where it was looked for before, in words: `it is no local list`. */
  readonly sought: string;
}

/**
 * Returns what `find` makes of the image that a short name means: its alias, else the name in one of the registries that are
 * searched. A person is asked which one; where there is none, `permissive` and `disabled` take the first that has it.
 * @throws {OciError} `NOT_FOUND` where nothing is settled, `INVALID` where several are possible and the mode is `enforcing`
 */
export async function withShortName<T>(context: ListContext, { name, sought }: Sought, find: (location: DockerLocation) => Promise<T>): Promise<T> {
  const meaning = await context.transports.registries.shortName(name);
  const { references } = meaning;
  if (references.length === 0) throw unknownShortName(name, meaning, sought);
  const chosen = references.length === 1 || meaning.mode === "disabled" ? undefined : await choose(context, name, meaning);
  if (chosen === undefined) return await firstOf(context, { name, references, find });
  const found = await find({ transport: "docker", reference: chosen });
  await note(context, name, chosen);
  return found;
}

async function choose(context: ListContext, name: string, { references, mode }: ShortName): Promise<Reference | undefined> {
  const names = references.map(formatReference);
  const lines = names.map((each, at) => `  ${at + 1}) ${each}\n`).join("");
  const answer = await context.host.terminal.ask(`${quote(name)} is a short name. Which image is meant?\n${lines}Number [1]: `, signalOf(context));
  if (answer !== undefined) {
    const chosen = references[answer.trim() === "" ? 0 : Number(answer) - 1];
    if (chosen === undefined) throw new OciError("INVALID", `Cannot use the answer ${quote(answer)}: expected a number from 1 to ${names.length}`);
    return chosen;
  }
  if (mode === "permissive") return undefined;
  throw new OciError(
    "INVALID",
    `Cannot choose an image for ${quote(name)}: short-name-mode is enforcing and nobody can be asked, expected one of ${names.join(", ")}`,
  );
}

interface Candidates<T> {
  readonly name: string;
  readonly references: readonly Reference[];
  readonly find: (location: DockerLocation) => Promise<T>;
}

async function firstOf<T>(context: ListContext, { name, references, find }: Candidates<T>): Promise<T> {
  const failures: OciError[] = [];
  for (const reference of references) {
    try {
      return await find({ transport: "docker", reference });
    } catch (error) {
      context.signal?.throwIfAborted();
      if (!isOciError(error) || references.length === 1) throw error;
      failures.push(error);
    }
  }
  const code = failures.find((error) => error.code !== "NOT_FOUND")?.code ?? "NOT_FOUND";
  const [cause] = failures;
  throw new OciError(code, `Cannot find image ${quote(name)} in any of the registries to search: ${failures.map(({ message }) => message).join("; ")}`, {
    cause,
  });
}

/** What was chosen holds from then on, for buildah and podman too; an image is not given up because of it. */
async function note(context: ListContext, name: string, reference: Reference): Promise<void> {
  const { files } = context.host;
  const choices = context.transports.registries.choices();
  if (choices === undefined) return;
  const file = files.absolute(choices);
  const directory = files.dirname(file);
  const edit = async (current: Bytes | undefined) => noteChoice(current, { name, reference, file });
  try {
    await files.makeDirectory(directory, { mode: 0o700 });
    await swapFile(context.host, edit, { directory, name: file.slice(directory.length).replace(/^[\\/]+/, ""), mode: 0o600, ...signalOf(context) });
  } catch (error) {
    if (!isOciError(error)) throw error;
    warn(context, `the choice of ${formatReference(reference)} for ${quote(name)} was not noted: ${error.message}`);
  }
}
