import { escapeControls, isOciError, OciError, shorten } from "../../base/mod.ts";
import type { CommandResult, Host } from "../../port/mod.ts";
import { canFormatSpecifier, formatLocation, type StorageSpecifier } from "../../spec/mod.ts";

/** What is copied, and where to. */
export interface StorageCopy {
  /** The image in words, for messages, in quotes. */
  readonly what: string;
  /** Its whole ID. */
  readonly id: string;
  /** The storage it is in. @default the one that programs use by themselves */
  readonly specifier?: StorageSpecifier;
  /** An empty directory. */
  readonly directory: string;
  /** Ends the program. */
  readonly signal?: AbortSignal;
}

/** Lets the program that owns the storage copy an image; the first that is installed and can say where it lies does it. */
export type CopyStored = (copy: StorageCopy) => Promise<void>;

/**
 * A program that reads container storage, and its command for a copy as `dir:`; undefined where it cannot say what is wanted. Layers
 * are compressed as its own push to a registry does, so that the manifest is the one such a push would make. Signatures are of the
 * manifest with the layers as they lie there, and are not copied.
 */
interface Tool {
  readonly name: string;
  command(copy: StorageCopy): readonly string[] | undefined;
}

const tools: readonly Tool[] = [
  {
    name: "skopeo",
    command({ id, specifier, directory }) {
      if (specifier !== undefined && !canFormatSpecifier(specifier)) return undefined;
      const source = formatLocation({ transport: "containers-storage", id, ...(specifier && { specifier }) });
      // buildah and podman trust the local storage in the same way.
      return ["--insecure-policy", "copy", "--quiet", "--dest-compress", "--remove-signatures", source, `dir:${directory}`];
    },
  },
  {
    name: "podman",
    command: ({ id, specifier, directory }) => [...storageFlags(specifier), "push", "--quiet", "--compress", "--remove-signatures", id, `dir:${directory}`],
  },
  {
    name: "buildah",
    command: ({ id, specifier, directory }) => [...storageFlags(specifier), "push", "--quiet", "--remove-signatures", id, `dir:${directory}`],
  },
];

function storageFlags(specifier: StorageSpecifier | undefined): readonly string[] {
  if (specifier === undefined) return [];
  const { driver, root, runRoot, options = [] } = specifier;
  return [
    `--root=${root}`,
    ...(runRoot === undefined ? [] : [`--runroot=${runRoot}`]),
    ...(driver === undefined ? [] : [`--storage-driver=${driver}`]),
    ...options.map((option) => `--storage-opt=${option}`),
  ];
}

/** Bytes that a program may print before it is ended, and those of its last words that are looked at. */
const maximumOutput = 1024 * 1024;
const maximumWords = 64 * 1024;

/** What the storage library adds to the words of a program that it could not run again in a user namespace. */
const noWords = "(Unable to determine exit status)";

/** Returns what lets skopeo, else podman, else buildah copy images. A copy may take any time: only its signal ends it. */
export function openStorageTool({ run }: Pick<Host, "run">): CopyStored {
  const absent = new Set<Tool>();
  return async (copy) => {
    for (const tool of tools) {
      const command = absent.has(tool) ? undefined : tool.command(copy);
      if (command === undefined) continue;
      const result = await tryRun(run, [tool.name, ...command], copy);
      if (result === undefined) {
        absent.add(tool);
        continue;
      }
      if (result.status === 0) return;
      throw new OciError("IO", `Cannot read ${copy.what}: ${tool.name} ended with status ${result.status}${lastWords(result)}`);
    }
    throw noTool(copy);
  };
}

/** Names the programs that could have done it. */
function noTool(copy: StorageCopy): OciError {
  const able = tools.filter((tool) => tool.command(copy) !== undefined).map(({ name }) => name);
  const names = `${able.slice(0, -1).join(", ")} or ${able.at(-1)}`;
  return new OciError(
    "UNSUPPORTED",
    `Cannot read ${copy.what}: container storage is read by ${names}, and none of them is installed, expected one, for example of the package "${able[0]}"`,
  );
}

/** Returns what became of a command, or undefined where the program is not installed. */
async function tryRun(run: Host["run"], command: readonly string[], { what, signal }: StorageCopy): Promise<CommandResult | undefined> {
  try {
    return await run(command, { maximumOutput, isGroup: true, ...(signal && { signal }) });
  } catch (cause) {
    // What ended it may be a failure of any code, that another image is not found for example.
    if (cause === signal?.reason) throw cause;
    if (isOciError(cause, "NOT_FOUND")) return undefined;
    throw isOciError(cause) ? new OciError(cause.code, `Cannot read ${what}: ${cause.message}`, { cause }) : cause;
  }
}

/** Returns the last line that a program has written to standard error; a line of its log is cut to its message. */
function lastWords({ errors }: CommandResult): string {
  const text = new TextDecoder().decode(errors.subarray(-maximumWords));
  const lines = text.split("\n").filter((each) => each.trim() !== "" && !each.includes(noWords));
  const line = lines.at(-1) ?? "";
  const [, message] = /^time="[^"]*" level=\w+ msg="((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  const words = message === undefined ? line.replace(/^Error: /, "") : message.replace(/\\(["\\])/g, "$1");
  return words === "" ? "" : `: ${escapeControls(shorten(words, 500))}`;
}
