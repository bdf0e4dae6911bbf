/*
 * Copies blobs from one registry to another with nothing but the runtime: fetch, hash, fetch, piece by piece. It tells how
 * much of our own figure is the runtime's. Arguments: the URL of a source repository, that of a target repository, digests.
 */
const [from = "", to = "", ...digests] = process.argv.slice(2);

async function copy(digest: string): Promise<void> {
  const source = await fetch(`${from}/blobs/${digest}`);
  const reader = source.body?.getReader();
  const hasher = new Bun.CryptoHasher("sha256");
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await reader?.read();
        if (next?.value === undefined) return controller.close();
        hasher.update(next.value);
        controller.enqueue(next.value);
      },
    },
    { highWaterMark: 0 },
  );
  const session = await fetch(`${to}/blobs/uploads/`, { method: "POST" });
  const location = new URL(session.headers.get("location") ?? "", to);
  location.searchParams.set("digest", digest);
  const headers = { "content-length": source.headers.get("content-length") ?? "", "content-type": "application/octet-stream" };
  const stored = await fetch(location, { method: "PUT", body, headers });
  if (stored.status !== 201 || `sha256:${hasher.digest("hex")}` !== digest) throw new Error(`Cannot copy ${digest}: ${stored.status}`);
}

await Promise.all(digests.map(copy));
