import { type LevelAnnotations, type ListContext, openLists, parseLevelAnnotations, readAnnotationFile } from "../core/list/mod.ts";
import type { VerbContext } from "./command.ts";
import { type Args, usageError } from "./flags.ts";
import { readAccess } from "./shared.ts";
import { version } from "./version.ts";

/** Returns the context of the library's verbs as the command line asks for it. */
export function openSession(context: VerbContext, args: Args): ListContext {
  const { host, report, signal, globals } = context;
  const number = (name: string): number | undefined => (args.knows(name) ? args.number(name) : undefined);
  const [retries, concurrency] = [number("retry"), number("concurrency")];
  if (concurrency === 0) throw usageError('invalid argument "0" for "--concurrency" flag: expected 1 or more');
  const retryDelay = args.knows("retry-delay") ? args.duration("retry-delay") : undefined;
  return openLists(host, {
    ...(args.knows("authfile") ? readAccess(args) : {}),
    ...(globals.root !== undefined && { root: globals.root }),
    ...(retries !== undefined && { retries }),
    ...(retryDelay !== undefined && { retryDelay }),
    ...(concurrency !== undefined && { concurrency }),
    userAgent: `ocidex/${version}`,
    report,
    signal,
  });
}

const maximumFile = 1 << 20;

/** Returns what `--annotation-file` and `--annotation` say; what was typed comes last and so wins. */
export async function readAnnotations(context: VerbContext, args: Args): Promise<LevelAnnotations> {
  const files = args.knows("annotation-file") ? args.texts("annotation-file") : [];
  const texts: string[] = [];
  for (const file of files) {
    const bytes = file === "-" ? await context.host.terminal.readInput(maximumFile) : await context.host.files.readFile(file, maximumFile);
    texts.push(...readAnnotationFile(bytes, `annotation file "${file}"`));
  }
  return parseLevelAnnotations([...texts, ...args.texts("annotation")]);
}

/** Returns the annotations that a verb on the index sets: those without prefix and those with `index:`. */
export function forIndex({ plain, index }: LevelAnnotations): LevelAnnotations["plain"] {
  return { ...plain, ...index };
}
