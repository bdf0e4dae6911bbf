import { describe, expect, it } from "bun:test";
import { extractExamples, judgeExample } from "../../scripts/examples.ts";

const source = `/**
 * Returns one.
 * @example Count
 * \`\`\`ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(one(), 1);
 * \`\`\`
 */
export function one(): number { return 1; }

/**
 * Shows a shape that is not run.
 * \`\`\`ts
 * { size: 1 }
 * \`\`\`
 */
export const shape = {};
`;

describe("extractExamples()", () => {
  it("takes the blocks behind @example from source code, without the stars", () => {
    expect(extractExamples("src/a.ts", source)).toEqual([
      { path: "src/a.ts", line: 5, code: 'import assert from "node:assert/strict";\n\nassert.equal(one(), 1);\n' },
    ]);
  });

  it("takes every TypeScript block from Markdown and no other", () => {
    const text = "# x\n\n```sh\nls\n```\n\n```ts\nconst a = 1;\n```\n\n```ts\nconst b = 2;\n```\n";
    expect(extractExamples("README.md", text).map(({ line, code }) => [line, code])).toEqual([
      [8, "const a = 1;\n"],
      [12, "const b = 2;\n"],
    ]);
  });
});

describe("judgeExample()", () => {
  it("refuses an example that asserts nothing", () => {
    const code = 'import assert from "node:assert/strict";\nconsole.log(1);\n';
    expect(judgeExample({ path: "src/a.ts", line: 1, code }, ["ocidex"])).toBe("it asserts nothing");
  });

  it("refuses a private folder in what users read", () => {
    const code = 'import { x } from "ocidex/copy";\nassert.equal(x, 1);\n';
    expect(judgeExample({ path: "README.md", line: 1, code }, ["ocidex"])).toBe('"ocidex/copy" is not exported');
    expect(judgeExample({ path: "src/core/copy/a.ts", line: 1, code }, ["ocidex"])).toBeUndefined();
  });
});
