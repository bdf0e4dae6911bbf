import type { Host } from "../../src/core/port/mod.ts";
import { testFetch } from "../contract/fetch.ts";
import { type FileSystemCase, testFileSystem, testOwners, testSymbolicLinks } from "../contract/file-system.ts";
import { testRun } from "../contract/run.ts";
import { testCompression, testRuntime } from "../contract/runtime.ts";
import { testSentOnce } from "../contract/sent-once.ts";
import { testSocket } from "../contract/socket.ts";
import { testTerminal } from "../contract/terminal.ts";
import { testTls } from "../contract/tls.ts";
import { temporaryDirectory } from "../helper/temporary.ts";

/** Runs every contract a host of a real runtime keeps. */
export function testHost(name: string, make: () => Host): void {
  const files = async (): Promise<FileSystemCase> => ({ files: make().files, ...(await temporaryDirectory()) });
  testFileSystem(name, files);
  testSymbolicLinks(name, files);
  testOwners(name, files);
  testRuntime(name, make);
  testCompression(name, make);
  testRun(name, make().run);
  testTerminal(name);
  testFetch(name, make().fetch);
  testSentOnce(name, make().fetch);
  testTls(name, () => make().fetch);
  testSocket(name, make().fetch);
}
