import { nodeHost } from "../../src/host/node.ts";
import { testHost } from "./runtimes.ts";

testHost("nodeHost()", nodeHost);
