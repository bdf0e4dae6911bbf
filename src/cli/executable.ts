/** Begins the executable, which is Bun: the modules of other hosts would only be loaded. */
import { bunHost } from "../host/bun.ts";
import { runProcess } from "./process.ts";

await runProcess(bunHost());
