/** Put in by the build. */
declare const OCIDEX_VERSION: string | undefined;

/** Version of the program; when it runs from its sources, one that says so. */
export const version: string = typeof OCIDEX_VERSION === "string" ? OCIDEX_VERSION : "0.0.0-source";
