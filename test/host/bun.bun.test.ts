import { bunHost } from "../../src/host/bun.ts";
import { testHost } from "./runtimes.ts";

testHost("bunHost()", bunHost);
