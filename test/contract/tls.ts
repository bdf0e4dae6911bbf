import { afterAll, beforeAll, describe, expect, it } from "bun:test";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Fetch } from "../../src/core/port/mod.ts";
import { startFlood } from "../helper/flood.ts";
import { echo, serve, type TestServer } from "../helper/server.ts";
import { temporaryDirectory } from "../helper/temporary.ts";
import { authority, clientIdentity, otherIdentity, serverIdentity } from "../helper/tls.ts";
import { networkFailure } from "./fetch.ts";

const trusted = { tls: { authorities: [authority] } };

/** Runs the contract of the port `Fetch` over TLS; `make` makes a host's `fetch` that reads the environment anew. */
export function testTls(name: string, make: () => Fetch): void {
  describe(`${name} fetch over TLS`, () => {
    let server: TestServer;
    const fetch = make();
    beforeAll(async () => {
      server = await serve(echo, { identity: serverIdentity });
    });
    afterAll(() => server.close());

    it("refuses a certificate of an authority it does not know", async () => {
      const error = await networkFailure(fetch(server.origin));
      expect(error.reason).toBe("tls-certificate");
      expect(error.message).toContain(`Cannot reach "${server.host}": its certificate is not trusted`);
    });

    it("trusts the authorities it is given, for that request only", async () => {
      expect((await fetch(server.origin, trusted)).status).toBe(200);
      expect((await networkFailure(fetch(server.origin))).reason).toBe("tls-certificate");
    });

    it("sends streams with their length over TLS", async () => {
      const body = new Blob([new Uint8Array(200_000)]).stream();
      const response = await fetch(server.origin, { ...trusted, method: "PUT", body, headers: { "content-length": "200000" } });
      expect(await response.json()).toMatchObject({ size: 200_000, headers: { "content-length": "200000" } });
    });

    it("trusts any certificate where verification is off, for that request only", async () => {
      expect((await fetch(server.origin, { tls: { verify: false } })).status).toBe(200);
      expect((await networkFailure(fetch(server.origin))).reason).toBe("tls-certificate");
    });

    it("takes no more from the server than is read, verified or not", async () => {
      const flood = await startFlood({ identity: serverIdentity });
      for (const tls of [trusted.tls, { verify: false }]) {
        const reader = (await fetch(flood.origin, { tls })).body?.getReader();
        await reader?.read();
        expect(await flood.settled()).toBeLessThan(flood.length / 4);
        await reader?.cancel();
      }
      await flood.close();
    });

    it("refuses a certificate for another name", async () => {
      const other = await serve(echo, { identity: otherIdentity });
      const error = await networkFailure(fetch(other.origin, trusted));
      expect(error.reason).toBe("tls-certificate");
      expect(error.message).toContain("its certificate is for another name");
      expect((await fetch(other.origin, { tls: { verify: false } })).status).toBe(200);
      await other.close();
    });

    it("shows its certificate to a server that asks", async () => {
      const asking = await serve(echo, { identity: serverIdentity, clientAuthority: authority });
      const tls = { authorities: [authority], certificate: clientIdentity.certificate, key: clientIdentity.key };
      expect((await fetch(asking.origin, { tls })).status).toBe(200);
      expect((await fetch(asking.origin, { tls: { ...tls, verify: false } })).status).toBe(200);
      await networkFailure(fetch(asking.origin, trusted));
      await asking.close();
    });

    it("refuses certificates and keys that cannot be used, before it connects", async () => {
      const { certificate, key } = clientIdentity;
      for (const tls of [
        { authorities: ["no certificate"] },
        { certificate },
        { key },
        { certificate: "nothing", key },
        { certificate, key: serverIdentity.key },
      ]) {
        await expect(fetch(server.origin, { tls })).rejects.toMatchObject({ code: "INVALID" });
      }
    });

    it("says that a server speaks no TLS", async () => {
      const plain = await serve(echo);
      const error = await networkFailure(fetch(plain.origin.replace("http:", "https:")));
      expect([error.reason, error.message.includes(plain.host)]).toEqual(["tls-handshake", true]);
      await plain.close();
    });

    it("says that a connection was refused over TLS too", async () => {
      const gone = await serve(echo, { identity: serverIdentity });
      await gone.close();
      expect((await networkFailure(fetch(gone.origin, trusted))).reason).toBe("refused");
    });

    it.each(["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"])("trusts the authorities that %s names", async (variable) => {
      const { directory, close } = await temporaryDirectory();
      await writeFile(join(directory, "authority.pem"), authority);
      const before = process.env[variable];
      process.env[variable] = variable.endsWith("_DIR") ? directory : join(directory, "authority.pem");
      try {
        expect((await make()(server.origin)).status).toBe(200);
      } finally {
        if (before === undefined) delete process.env[variable];
        else process.env[variable] = before;
        await close();
      }
    });

    it("reaches a TLS server through a proxy, and says when the proxy refuses", async () => {
      const asked: string[] = [];
      const proxy = await serve(echo);
      proxy.onConnect((request, socket) => {
        asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
        if (request.headers["proxy-authorization"] === undefined) return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        const [host = "", port = ""] = (request.url ?? "").split(":");
        const tunnel = connect(Number(port), host, () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
          tunnel.pipe(socket).pipe(tunnel);
        });
        tunnel.on("error", () => socket.destroy());
        socket.on("error", () => tunnel.destroy());
      });
      expect((await fetch(server.origin, { ...trusted, proxyUrl: `http://me:pass@${proxy.host}` })).status).toBe(200);
      expect(asked).toEqual([`${server.host} Basic ${btoa("me:pass")}`]);
      const error = await networkFailure(fetch(server.origin, { ...trusted, proxyUrl: `http://${proxy.host}` }));
      expect(error.message).toContain(server.host);
      await proxy.close();
    });
  });
}
