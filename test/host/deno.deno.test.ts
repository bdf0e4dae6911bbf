import { denoHost } from "../../src/host/deno.ts";
import { testHost } from "./runtimes.ts";

testHost("denoHost()", denoHost);
