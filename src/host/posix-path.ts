/** Returns the parts joined by slashes, without `.` and, as far as they can be resolved, `..`. */
export function joinPaths(...parts: readonly string[]): string {
  const text = parts.filter((part) => part !== "").join("/");
  if (text === "") return ".";
  const rooted = text.startsWith("/");
  const names: string[] = [];
  for (const name of text.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== ".." || (!rooted && (names.length === 0 || names.at(-1) === ".."))) names.push(name);
    else names.pop();
  }
  return rooted ? `/${names.join("/")}` : names.join("/") || ".";
}

/** Returns the absolute form of `path`; the current directory is `/`. */
export function absolutePath(path: string): string {
  return joinPaths("/", path);
}

/** Returns the directory part of `path`. */
export function directoryOf(path: string): string {
  const plain = path.replace(/\/+$/, "");
  const slash = plain.lastIndexOf("/");
  if (slash < 0) return path.startsWith("/") ? "/" : ".";
  return plain.slice(0, slash).replace(/\/+$/, "") || "/";
}

/** Returns the last name in `path`. */
export function nameOf(path: string): string {
  return absolutePath(path).replace(/^.*\//s, "");
}
