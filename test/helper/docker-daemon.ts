import { createReadStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { type ServeOptions, serve, type TestServer } from "./server.ts";

/** A daemon to start. */
export interface DaemonOptions extends ServeOptions {
  /** Archives of its images, or the files they are in, by name or ID. @default none */
  readonly images?: Readonly<Record<string, Uint8Array | string>>;
  /** The version of the API it speaks, and no other; without one it answers the path without a version only. @default "1.47" */
  readonly version?: string | undefined;
  /** Answers instead of the daemon, unless it returns false. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => unknown;
}

/** A daemon that runs. */
export interface TestDaemon extends TestServer {
  /** What `DOCKER_HOST` says to reach it. */
  readonly dockerHost: string;
  /** Methods and paths of the requests that came. */
  readonly requests: string[];
}

/** Starts a server that speaks the part of the Engine API which gives images out. */
export async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const { images = {}, instead, socketPath } = options;
  const version = "version" in options ? options.version : "1.47";
  const requests: string[] = [];
  const server = await serve((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (instead !== undefined && instead(request, response) !== false) return;
    answer(request, response, { images, version });
  }, options);
  return { ...server, requests, dockerHost: socketPath === undefined ? `tcp://${server.host}` : `unix://${socketPath}` };
}

interface Answering {
  readonly images: Readonly<Record<string, Uint8Array | string>>;
  readonly version: string | undefined;
}

/** Messages and types are those of dockerd 28. */
function answer({ url = "" }: IncomingMessage, response: ServerResponse, { images, version }: Answering): void {
  const say = (status: number, message: string): void =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ message }));
  if (url === "/_ping" && version !== undefined) return void response.setHeader("api-version", version).end("OK");
  // The second form is the one that docker's own client takes, and skopeo with it.
  const [, asked, path, query] = /^(?:\/v([0-9.]+))?\/images\/(?:(.+)\/get|get\?names=(.+))$/.exec(url) ?? [];
  const name = decodeURIComponent(path ?? query ?? "");
  if (name === "") return say(404, "page not found");
  if (path !== undefined && asked !== version) return say(400, `client version ${asked} is not ${version}`);
  const image = images[name];
  if (image === undefined) return say(404, `No such image: ${name}`);
  response.setHeader("content-type", "application/x-tar");
  if (typeof image === "string") createReadStream(image).pipe(response);
  else Readable.from(pieces(image)).pipe(response);
}

/** Several pieces of unknown length, as docker sends them. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 8192) yield bytes.subarray(at, at + 8192);
}
