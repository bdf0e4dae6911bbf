import budget from "./size.json" with { type: "json" };

/** Returns the size in bytes of `entry` and all it reaches, minified for a browser. @throws {Error} if it does not bundle there */
export async function measureBundle(entry: string): Promise<number> {
  const result = await Bun.build({ entrypoints: [entry], target: "browser", minify: true, throw: false });
  const output = result.outputs[0];
  if (!result.success || !output) throw new Error(`Cannot bundle "${entry}" for a browser:\n${result.logs.map(String).join("\n")}`);
  const builtin = /node:[a-z_/]+/.exec(await output.text())?.[0];
  if (builtin !== undefined) throw new Error(`Cannot bundle "${entry}" for a browser: it reaches ${builtin}`);
  return output.size;
}

if (import.meta.main) {
  let failed = false;
  for (const [entry, limit] of Object.entries(budget)) {
    const size = await measureBundle(entry);
    const over = size > limit;
    failed ||= over;
    console.log(`${entry}: ${size} bytes minified, the budget is ${limit}${over ? ": TOO LARGE" : ""}`);
  }
  if (failed) process.exitCode = 1;
}
