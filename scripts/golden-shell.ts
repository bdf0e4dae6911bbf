import { execFileSync } from "node:child_process";

/** Runs a command and returns what it prints. */
export function run(command: string, args: readonly string[], directory?: string): string {
  return execFileSync(command, [...args], { cwd: directory, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Returns `word` as a shell reads it back. */
export function shell(word: string): string {
  if (/^[\w:=.,/-]+$/.test(word)) return word;
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `$'${word.replace(/[\\']/g, "\\$&").replace(/[\p{Cc}\u2028\u2029]/gu, escaped)}'`;
}

/** Returns a part of a README: what file `name` shows, and the commands that gave it. */
export function section(name: string, note: string, commands: string): string {
  return `## ${name}\n\n${note[0]?.toUpperCase()}${note.slice(1)}.\n\n\`\`\`sh\n${commands}\n\`\`\`\n`;
}
