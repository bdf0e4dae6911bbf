import { RegistryError } from "../../base/mod.ts";
import { opening, openSession, type Session, type Upload } from "./session.ts";

/**
 * Asks the registry to take the blob over from another repository. Every refusal means an ordinary upload, that of a token
 * for both repositories too; an accepted session is the session to use.
 */
export async function mount(upload: Upload, from: string): Promise<"mounted" | Session | undefined> {
  const { access, descriptor, doing } = upload;
  const at = `blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=${encodeURIComponent(from)}`;
  try {
    return await opening(upload, (signal) =>
      access.exchange({ method: "POST", at, body: new Uint8Array(), from, doing, ...signal }, async (response) => {
        const session = response.status === 202 ? openSession(upload, response) : undefined;
        await response.discard();
        return response.status === 201 ? ("mounted" as const) : session;
      }),
    );
  } catch (error) {
    const status = error instanceof RegistryError ? error.answer.status : 0;
    if (status >= 400 && status < 500 && status !== 429) return undefined;
    throw error;
  }
}

/**
 * Begins an upload with a question: a blob can be mounted from the very repository it goes to if it is there, which an earlier push
 * that was broken off may have seen to, and a session is opened if not. So asking costs nothing.
 */
export async function mountFromItself(upload: Upload): Promise<"mounted" | Session | undefined> {
  const { access } = upload;
  const { refusesMount } = access.client.memory;
  if (refusesMount.has(access.key)) return undefined;
  const answer = await mount(upload, access.repository.repository);
  if (answer === undefined) refusesMount.add(access.key);
  return answer;
}
