import process from "node:process";
import { isOciError } from "../../src/core/base/mod.ts";
import { currentHost } from "../../src/host/current.ts";

/* Asks the questions of its command line, secret where a question begins with `!`, and prints the answers, written backwards so that an echo is no answer. */
const { terminal } = await currentHost();
try {
  for (const question of process.argv.slice(2)) {
    const isSecret = question.startsWith("!");
    const answer = await terminal.ask(isSecret ? question.slice(1) : question, { isSecret });
    await terminal.write(answer === undefined ? "nobody\n" : `${JSON.stringify([...answer].reverse().join(""))}\n`);
  }
} catch (error) {
  await terminal.write(`${isOciError(error) ? error.code : String(error)}\n`);
}
