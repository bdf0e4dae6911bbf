import {
  isShortName,
  type LevelAnnotations,
  type ListContext,
  openLists,
  parseLevelAnnotations,
  readAnnotationFile,
  registryDomains,
  splitPlatform,
} from "../core/list/mod.ts";
import { findCacheDirectory } from "../core/settings/mod.ts";
import { hasTransport } from "../core/spec/mod.ts";
import type { VerbContext } from "./command.ts";
import { type Args, usageError } from "./flags.ts";
import { readAccess } from "./shared.ts";
import { version } from "./version.ts";

/** Returns the context of the library's verbs as the command line asks for it; `--creds` are for the registries of `owners`, if they lead to any. */
export function openSession(context: VerbContext, args: Args, owners: readonly string[]): ListContext {
  const { host, report, signal, globals, secrets, atEnd } = context;
  const { logLevel: _, ...settings } = globals;
  const number = (name: string): number | undefined => (args.knows(name) ? args.number(name) : undefined);
  const [retries, concurrency] = [number("retry"), number("concurrency")];
  if (concurrency === 0) throw usageError('invalid argument "0" for "--concurrency" flag: expected 1 or more');
  const retryDelay = args.knows("retry-delay") ? args.duration("retry-delay") : undefined;
  const credentialDomains = registryDomains(owners);
  const cacheDirectory = args.knows("no-cache") && !args.flag("no-cache") ? findCacheDirectory(host) : undefined;
  const lists = openLists(host, {
    ...(args.knows("authfile") ? readAccess(args) : {}),
    ...(cacheDirectory !== undefined && { cacheDirectory }),
    ...(credentialDomains.length > 0 && { credentialDomains }),
    ...settings,
    ...(retries !== undefined && { retries }),
    ...(retryDelay !== undefined && { retryDelay }),
    ...(concurrency !== undefined && { concurrency }),
    userAgent: `ocidex/${version}`,
    report,
    signal,
    secrets,
  });
  atEnd(() => lists.transports.close());
  return lists;
}

/** Returns whom credentials belong to: a list at a location, else every image that is named with its registry. */
export function ownersOf(list: string, images: readonly string[]): readonly string[] {
  return hasTransport(list) ? [list] : images.filter((image) => !isShortName(splitPlatform(image).name));
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
