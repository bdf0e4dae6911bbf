import { type EntryField, entryFields, type IndexField, indexFields } from "../../core/index/mod.ts";
import { annotateList, annotateListEntries, parseFormat } from "../../core/list/mod.ts";
import { hasTransport } from "../../core/spec/mod.ts";
import { defineVerb, type Verb } from "../command.ts";
import { type Args, usageError } from "../flags.ts";
import { printResult } from "../result.ts";
import { forIndex, openSession, ownersOf, readAnnotations } from "../session.ts";
import { accessFlags, annotationFileFlag, annotationFlag, formatFlag, jsonFlag, platformFlags, readPlatformPatch } from "../shared.ts";

/** `manifest annotate`. */
export const annotate: Verb = defineVerb({
  name: "annotate",
  description: "Change annotations and platforms of a list's entries, or of the index itself",
  usage: ["LIST ENTRY…", "[--index] LIST"],
  arguments: {
    min: 1,
    names: [
      { name: "LIST", description: "local list, or a location" },
      { name: "ENTRY", description: "digest, at least 6 of its hex digits, os/arch[/variant], file of an artifact, or image name; none means the index" },
    ],
  },
  flags: [
    { name: "index", type: "flag", description: "change the index itself" },
    annotationFlag("set an annotation"),
    annotationFileFlag,
    { name: "unsetannotation", type: "texts", value: "KEY", aliases: ["unset-annotation"], description: "take an annotation out" },
    { name: "unset", type: "texts", value: "FIELD", description: "take a field out, for example variant, os.version or subject" },
    { name: "artifact-type", type: "text", value: "TYPE", description: "set artifactType" },
    { name: "subject", type: "text", value: "IMAGE", description: "set what the index refers to; implies --index" },
    formatFlag,
    jsonFlag,
    ...platformFlags,
    ...accessFlags,
  ],
  examples: [
    "ocidex manifest annotate --annotation org.opencontainers.image.version=2 docker://ghcr.io/me/app:2",
    "ocidex manifest annotate --variant v8 app linux/arm64",
  ],
  async run(context, args) {
    const [list = "", ...entries] = args.positionals;
    const options = readFormatOption(args);
    const subject = args.text("subject");
    const session = openSession(
      context,
      args,
      ownersOf(list, [...entries, ...(subject === undefined ? [] : [hasTransport(subject) ? subject : `docker://${subject}`])]),
    );
    const annotations = await readAnnotations(context, args);
    const isIndex = args.flag("index") || subject !== undefined || entries.length === 0;
    if (isIndex) {
      refuseForIndex(args, entries);
      const change = { ...readChange(args, forIndex(annotations)), unset: readUnset(args, indexFields), ...(subject !== undefined && { subject }) };
      const result = await annotateList(
        session,
        list,
        { ...change, entryAnnotations: annotations.entries, manifestAnnotations: annotations.manifests },
        options,
      );
      return printResult(context, args, result, [result.id]);
    }
    const change = { ...readChange(args, annotations.plain), platform: readPlatformPatch(args), unset: readUnset(args, entryFields) };
    const result = await annotateListEntries(
      session,
      list,
      entries,
      { ...change, indexAnnotations: annotations.index, entryAnnotations: annotations.entries, manifestAnnotations: annotations.manifests },
      options,
    );
    printResult(
      context,
      args,
      result,
      result.entries.map((digest) => `${result.id}: ${digest}`),
    );
  },
});

function readFormatOption(args: Args): { readonly format?: ReturnType<typeof parseFormat> } {
  const format = args.text("format");
  return format === undefined ? {} : { format: parseFormat(format, "--format") };
}

/** @throws {OciError} `INVALID` in buildah's words for what makes no sense on the index itself */
function refuseForIndex(args: Args, entries: readonly string[]): void {
  const [entry] = entries;
  if (entry !== undefined) throw usageError(`did not expect image or artifact name "${entry}" when modifying the entire index`);
  const flag = ["os", "arch", "variant", "os-version", "features", "os-features"].find((name) => args.has(name));
  if (flag === undefined) return;
  throw usageError(args.flag("index") ? `--index is not compatible with --${flag}` : `--${flag} needs an ENTRY: it says what an entry runs on, not the index`);
}

function readChange(
  args: Args,
  set: Readonly<Record<string, string>>,
): { readonly annotations: Readonly<Record<string, string | undefined>>; readonly artifactType?: string } {
  const annotations = new Map<string, string | undefined>(args.texts("unsetannotation").map((key) => [key, undefined]));
  for (const [key, value] of Object.entries(set)) annotations.set(key, value);
  const artifactType = args.text("artifact-type");
  return { annotations: Object.fromEntries(annotations), ...(artifactType !== undefined && { artifactType }) };
}

function readUnset<T extends EntryField | IndexField>(args: Args, fields: readonly T[]): readonly T[] {
  return args.texts("unset").map((name) => {
    const field = fields.find((one) => one === name);
    if (field === undefined) throw usageError(`invalid argument "${name}" for "--unset" flag: expected ${fields.join(", ")}`);
    return field;
  });
}
