#!/usr/bin/env node
import { currentHost } from "../host/current.ts";
import { runProcess } from "./process.ts";

await runProcess(await currentHost());
