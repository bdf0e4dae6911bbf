import { describe, expect, it } from "bun:test";
import { spawnSync } from "node:child_process";
import { askCommand, askOnTerminal } from "../helper/terminal.ts";

/** Runs the contract of asking on the terminal, in processes of the runtime this runs in. */
export function testTerminal(name: string): void {
  describe(`${name} terminal`, () => {
    it("ask() shows the question and returns the line, and shows nothing of a secret", async () => {
      const { shown, status } = await askOnTerminal(
        ["Name: ", "!Password: ", "More: "],
        [
          ["Name: ", "me\n"],
          ["Password: ", "CANARY\r"],
          ["More: ", "yes\n"],
        ],
      );
      expect(shown).toBe('Name: me\n"em"\nPassword: \n"YRANAC"\nMore: yes\n"sey"\n');
      expect(status).toBe(0);
    });

    it("ask() understands Backspace, Ctrl-U, other characters, and lines typed ahead", async () => {
      const { shown } = await askOnTerminal(["!One: ", "!Two: ", "!Three: "], [["One: ", "wrong\x15pé\x7f\x7fä€\x1b\rtwo\r\r"]]);
      expect(shown).toBe('One: \n"€ä"\nTwo: \n"owt"\nThree: \n""\n');
    });

    it("ask() ends with Ctrl-C and with the end of input, and gives the terminal back", async () => {
      expect((await askOnTerminal(["!Password: "], [["Password: ", "CANARY\x03"]])).shown).toBe("Password: \nABORTED\n");
      expect((await askOnTerminal(["!Password: "], [["Password: ", "\x04"]])).shown).toBe("Password: \nnobody\n");
      expect((await askOnTerminal(["Name: "], [["Name: ", "\x04"]])).shown).toContain("nobody\n");
    });

    it("ask() asks nobody where standard input is no terminal", () => {
      const [program = "", ...rest] = askCommand();
      const { stdout, stderr } = spawnSync(program, [...rest, "!Password: "], { input: "CANARY\n", encoding: "utf8" });
      expect([stdout, stderr]).toEqual(["nobody\n", ""]);
    });
  });
}
