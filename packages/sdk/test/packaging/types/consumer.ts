// An application that is compiled strictly against the published types. It is not run.
import { Wardseal, WardsealError, indexedDbStore, memoryStore, type ErrorCode, type Opened, type StateStore } from "@wardseal/sdk";
import { nodeFileStore } from "@wardseal/sdk/node";

export async function application(stream: ReadableStream<Uint8Array>, file: File): Promise<Uint8Array> {
  const stores: StateStore[] = [indexedDbStore("name"), memoryStore(), nodeFileStore("directory")];
  const ward: Wardseal = await Wardseal.open({
    tenant: "ten_",
    keys: "https://keys.example.org",
    vault: "https://vault.example.org",
    store: stores[0] ?? memoryStore(),
    cache: { memory: 60_000 },
    fetch,
  });
  const user: string = await ward.signUp("name", async (request) => `${request.tenant} ${request.index}`);
  const session = await ward.sessions.create({ manage: [user], read: [], label: "label", metadata: { any: ["thing"] } });
  const bytes: Uint8Array = await ward.seal(session, new Uint8Array(3), { signal: AbortSignal.timeout(1000) });
  const blob: Blob = await ward.seal(session, file, { onProgress: (done: number) => console.log(done) });
  const sealedStream: ReadableStream<Uint8Array> = await ward.seal(session, stream);
  const opened: Opened = await ward.open(sealedStream);
  const name: string | undefined = opened.name;
  try {
    await ward.open(blob);
  } catch (error) {
    if (!(error instanceof WardsealError)) throw error;
    const code: ErrorCode = error.code;
    if (code === "no_access" && error.retryable) console.log(name, error.retryAfter);
    // @ts-expect-error: no such code
    if (code === "no_such_code") return bytes;
  }
  // @ts-expect-error: a stream gives a stream
  const wrong: Uint8Array = await ward.seal(session, stream);
  // @ts-expect-error: somebody has to manage
  await ward.sessions.create({ read: [user] });
  return wrong;
}
