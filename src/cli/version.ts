/** Version of the program, the one in `package.json`. */
export const version: string = "0.0.0";
