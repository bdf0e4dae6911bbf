import { type Bytes, encodeUtf8, formatBase64, formatJson, type JsonText, OciError, quote, readJsonText } from "../base/mod.ts";
import { type Credentials, parseAuthFile } from "./auth-file.ts";

/** Members of an object as they were written: name, and value as JSON text. */
type Members = readonly (readonly [name: string, json: string])[];

/** Members of an entry that say who asks; whatever else an entry holds stays. */
const identity: ReadonlySet<string> = new Set(["auth", "username", "password", "identitytoken", "registrytoken"]);

/** An auth file as it is: undefined bytes where there is none. */
export interface CurrentAuthFile {
  /** Its path. */
  readonly path: string;
  /** Its bytes. */
  readonly bytes: Bytes | undefined;
}

/** Returns the auth file with `credentials` under `key`, or with an empty entry, which says that a helper has them. @throws {OciError} `INVALID` for a file that is none */
export function withEntry(current: CurrentAuthFile, key: string, credentials?: Credentials): Bytes {
  return editAuths(current, (auths) => {
    const before = auths.find(([name]) => name === key);
    const kept = before === undefined ? [] : membersOf(before[1]).filter(([name]) => !identity.has(name));
    const entry: readonly [string, string] = [key, formatObject([...(credentials ? [authMember(credentials)] : []), ...kept])];
    return before === undefined ? [...auths, entry] : auths.map((each) => (each === before ? entry : each));
  });
}

/** Returns the auth file without the entries whose key `isGone` names, or undefined if there are none. @throws {OciError} `INVALID` */
export function withoutEntries(current: CurrentAuthFile, isGone: (key: string) => boolean): Bytes | undefined {
  if (current.bytes === undefined) return undefined;
  let found = false;
  const edited = editAuths(current, (auths) => {
    found = auths.some(([key]) => isGone(key));
    return auths.filter(([key]) => !isGone(key));
  });
  return found ? edited : undefined;
}

function authMember({ username, password }: Credentials): readonly [string, string] {
  return ["auth", JSON.stringify(formatBase64(encodeUtf8(`${username}:${password}`)))];
}

/** Lays the file out as podman and docker do: a tab a level, no line end. */
function editAuths({ path, bytes }: CurrentAuthFile, edit: (auths: Members) => Members): Bytes {
  const members = bytes === undefined || bytes.length === 0 ? [] : readMembers(bytes, path);
  const auths = members.find(([name]) => name === "auths");
  const edited: readonly [string, string] = ["auths", formatObject(edit(auths === undefined ? [] : membersOf(auths[1])))];
  const next = auths === undefined ? [...members, edited] : members.map((each) => (each === auths ? edited : each));
  return encodeUtf8(formatJson(encodeUtf8(formatObject(next)), "\t"));
}

/** What cannot be read in one way only is never written over. */
function readMembers(bytes: Bytes, path: string): Members {
  parseAuthFile(bytes, path);
  const text = readJsonText(bytes, `auth file ${quote(path)}`);
  const auths = text.members?.find(([name]) => name === "auths")?.[1];
  const wrong = (seen: string) => new OciError("INVALID", `Cannot change auth file ${quote(path)}: ${seen}`);
  if (text.members === undefined || auths?.items !== undefined) throw wrong("it holds a list where an object belongs");
  const twice = findTwice(text) ?? findTwice(auths);
  if (twice !== undefined) throw wrong(`the name ${quote(twice)} stands twice`);
  return pairsOf(text);
}

function findTwice(text: JsonText | undefined): string | undefined {
  const names = (text?.members ?? []).map(([name]) => name);
  return names.find((name, at) => names.indexOf(name) < at);
}

function membersOf(json: string): Members {
  return pairsOf(readJsonText(encodeUtf8(json), "JSON"));
}

function pairsOf(text: JsonText): Members {
  return (text.members ?? []).map(([name, value]) => [name, value.json]);
}

function formatObject(members: Members): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}
