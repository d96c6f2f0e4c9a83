import { startBulkWorker } from "#platform";

import { READY, type BulkAnswer, type BulkRequest } from "./bulk-messages.js";
import { WardsealError } from "./errors.js";
import { FRAME_LIMIT, importKey, openFrame, sealFrame, type FrameJob, type OpenedFrame, type SealedFrame } from "./frames.js";

/** Does AES for one object. */
export interface Engine {
  /** Encrypts a frame, into `into` if that is given and can be. If it is `owned`, `content` may be taken away from the caller. */
  seal(job: FrameJob, content: Uint8Array<ArrayBuffer>, owned: boolean, into?: Uint8Array<ArrayBuffer>): Promise<SealedFrame>;
  /** Decrypts a frame, given with its length field. If it is `owned`, `bytes` may be taken away from the caller. */
  open(job: FrameJob, bytes: Uint8Array<ArrayBuffer>, owned: boolean): Promise<OpenedFrame>;
}

/** Buffers of a frame that are kept for the next one. */
const SPARE = 10;

function rejected(): Error {
  return new WardsealError("object_rejected", "the object was changed, or sealed with another key: fetch it again");
}

/** Whether WebCrypto is there: a page has it over https and on localhost. */
export function hasWebCrypto(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** WebCrypto on this thread. */
export async function engineHere(rawKey: Uint8Array<ArrayBuffer>): Promise<Engine> {
  const key = await importKey(rawKey);
  rawKey.fill(0);
  return {
    seal: (job, content, _owned, into) => sealFrame(key, job, content, into),
    open: (job, bytes) =>
      openFrame(key, job, bytes).catch(() => {
        throw rejected();
      }),
  };
}

/** The page's one bulk worker. */
class BulkWorker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (answer: BulkAnswer) => void; reject: (error: Error) => void }>();
  #next = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<BulkAnswer>) => {
      this.#waiting.get(data.id)?.resolve(data);
      this.#waiting.delete(data.id);
    };
    worker.onerror = () => this.#fail();
  }

  #fail(): void {
    running = undefined;
    this.#worker.terminate();
    const error = new WardsealError("internal", "the worker that encrypts has ended: try again");
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** When the worker runs. */
  started(): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(READY, { resolve, reject }));
  }

  ask(request: Omit<BulkRequest, "id">): Promise<BulkAnswer> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const handed = request.room === undefined ? [request.bytes.buffer] : [request.bytes.buffer, request.room];
      this.#worker.postMessage({ ...request, id } satisfies BulkRequest, handed);
    });
  }
}

/** The bulk worker, which starts when it is first needed; `undefined` where there is none. */
let running: Promise<BulkWorker | undefined> | undefined;

async function start(): Promise<BulkWorker | undefined> {
  const worker = startBulkWorker();
  if (worker === undefined) return undefined;
  const bulk = new BulkWorker(worker);
  try {
    await bulk.started();
    return bulk;
  } catch {
    // A content security policy, or a browser without modules in workers.
    running = Promise.resolve(undefined);
    return undefined;
  }
}

/** WebCrypto in a worker; `undefined` where there are none. */
export async function engineInWorker(rawKey: Uint8Array<ArrayBuffer>): Promise<Engine | undefined> {
  const bulk = await (running ??= start());
  if (bulk === undefined) return undefined;
  const key = await importKey(rawKey);
  rawKey.fill(0);
  // Buffers that come back from the worker are used again: new memory costs more than encrypting into it.
  const spare: ArrayBuffer[] = [];
  const keep = (buffer: ArrayBuffer | undefined): void => {
    if (buffer !== undefined && buffer.byteLength >= FRAME_LIMIT && spare.length < SPARE) spare.push(buffer);
  };
  const lend = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
    const copy = new Uint8Array(spare.pop() ?? new ArrayBuffer(FRAME_LIMIT), 0, bytes.length);
    copy.set(bytes);
    return copy;
  };
  const ask = async (seal: boolean, job: FrameJob, given: Uint8Array<ArrayBuffer>, owned: boolean, into?: Uint8Array<ArrayBuffer>) => {
    // What is handed over is gone, with the whole buffer that it stands in.
    const handed = owned ? given : lend(given);
    const room = into && (spare.pop() ?? new ArrayBuffer(FRAME_LIMIT));
    const { bytes, leaf, spent } = await bulk.ask({ seal, key, job, bytes: handed, room });
    keep(spent);
    if (bytes === undefined || leaf === undefined) throw rejected();
    if (into === undefined) return { bytes, leaf };
    into.set(bytes);
    keep(bytes.buffer);
    return { bytes: into, leaf };
  };
  return {
    seal: (job, content, owned, into) => ask(true, job, content, owned, into),
    open: async (job, sealed, owned) => {
      const { bytes, leaf } = await ask(false, job, sealed, owned);
      return { plain: bytes, leaf };
    },
  };
}
