/** Images of a docker daemon, which the Engine API gives out: `docker-daemon:NAME[:tag]`. */
export * from "./daemon-source.ts";
