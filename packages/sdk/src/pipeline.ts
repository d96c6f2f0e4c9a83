/** Sealing and opening frame by frame, several at a time, in constant memory. */
import { engineHere, engineInWorker, hasWebCrypto, type Engine } from "./engine.js";
import { WardsealError, toError } from "./errors.js";
import { FRAME_CONTENT, FRAME_LIMIT, LENGTH, type FrameJob, type OpenedFrame } from "./frames.js";
import type { Reader as ObjectReader, Sealing } from "./generated/core.js";
import type { Reader } from "./sources.js";
import type { BulkEngine, Watch } from "./watch.js";

/** Frames that are worked on at once: enough that neither the engine nor the page waits. */
const UNDERWAY = 4;
/** Most bytes after the last frame, and one more than that. */
const MAX_TRAILER = (16 << 20) + LENGTH + 1;

async function choose(wanted: BulkEngine | undefined, long: boolean, rawKey: Uint8Array<ArrayBuffer>): Promise<Engine | undefined> {
  if (wanted === "wasm" || !hasWebCrypto()) return undefined;
  const worker = wanted === "worker" || (wanted === undefined && long) ? await engineInWorker(rawKey) : undefined;
  return worker ?? (await engineHere(rawKey));
}

/** Work that was begun. It stands in an object, because what an asynchronous function returns is waited for. */
interface Begun<T> {
  readonly result: Promise<T>;
}

/** Runs `start` ahead of what is taken from it, and gives the results in their order. */
async function* ordered<T>(start: () => Promise<Begun<T> | undefined>): AsyncGenerator<T, void, undefined> {
  const underway: Promise<T>[] = [];
  try {
    for (let ended = false; ; ) {
      while (!ended && underway.length < UNDERWAY) {
        const next = await start();
        if (next === undefined) {
          ended = true;
        } else {
          // Whoever fails first ends all; the others' failures are not of interest.
          next.result.catch(() => undefined);
          underway.push(next.result);
        }
      }
      const first = underway.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    await Promise.allSettled(underway);
  }
}

/**
 * The bytes of an object, piece by piece. `long` says that there will be more than one frame. Where `into` is given, the
 * object is as long as that, and what can be is written there at once.
 */
export async function* seal(
  sealing: Sealing,
  content: Reader,
  long: boolean,
  watch: Watch,
  into?: Uint8Array<ArrayBuffer>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let whole = false;
  try {
    const engine = await choose(watch.engine, long, sealing.aesKey() as Uint8Array<ArrayBuffer>);
    const prelude = sealing.prelude();
    yield prelude;
    let total = 0;
    let place = prelude.length;
    const start = async (): Promise<Begun<{ bytes: Uint8Array; read: number }> | undefined> => {
      watch.signal?.throwIfAborted();
      const piece = await content.take(FRAME_CONTENT);
      const read = piece.length;
      const job = sealing.lay(read) as FrameJob | undefined;
      if (job === undefined) return undefined;
      if (engine === undefined) {
        const bytes = sealing.sealFrame(job.index, piece) as Uint8Array<ArrayBuffer>;
        return { result: Promise.resolve({ bytes, read }) };
      }
      const room = into?.subarray(place, place + LENGTH + job.sealed);
      place += LENGTH + job.sealed;
      const result = engine.seal(job, piece, content.owned, room).then(({ bytes, leaf }) => {
        sealing.sealed(job.index, leaf);
        return { bytes, read };
      });
      return { result };
    };
    for await (const { bytes, read } of ordered(start)) {
      watch.signal?.throwIfAborted();
      total += read;
      yield bytes;
      if (read > 0) watch.onProgress?.(total);
    }
    yield sealing.finish();
    whole = true;
  } catch (thrown) {
    throw toError(thrown, watch.signal);
  } finally {
    // Also when whoever reads this has left.
    if (!whole) await content.cancel().catch(() => undefined);
    sealing.free();
  }
}

function truncated(): Error {
  return new WardsealError("object_truncated", "the object is cut off: fetch it again");
}

/**
 * The content of an object whose prelude was read, piece by piece. A piece is given when its whole frame is
 * authenticated; when it ends without an error, the author is verified and nothing is missing.
 */
export async function* open(reader: ObjectReader, sealed: Reader, long: boolean, watch: Watch): AsyncGenerator<Uint8Array, void, undefined> {
  let whole = false;
  try {
    const engine = await choose(watch.engine, long, reader.aesKey() as Uint8Array<ArrayBuffer>);
    let ended = false;
    let total = 0;
    const start = async (): Promise<Begun<{ job: FrameJob; frame: OpenedFrame | Uint8Array }> | undefined> => {
      if (ended) return undefined;
      watch.signal?.throwIfAborted();
      const bytes = await sealed.takeFrame(FRAME_LIMIT);
      if (bytes.length < LENGTH) throw truncated();
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      const job = reader.frame(length) as FrameJob;
      if (bytes.length < LENGTH + length) throw truncated();
      ended = job.last;
      if (engine === undefined) return { result: Promise.resolve({ job, frame: bytes.subarray(LENGTH) }) };
      return { result: engine.open(job, bytes, sealed.owned).then((frame) => ({ job, frame })) };
    };
    for await (const { job, frame } of ordered(start)) {
      watch.signal?.throwIfAborted();
      const content = frame instanceof Uint8Array ? reader.openFrame(job.index, frame) : release(reader, job, frame);
      total += content.length;
      if (content.length > 0) {
        yield content;
        watch.onProgress?.(total);
      }
    }
    reader.finish(await sealed.take(MAX_TRAILER));
    whole = true;
  } catch (thrown) {
    throw toError(thrown, watch.signal);
  } finally {
    // Also when whoever reads this has left.
    if (!whole) await sealed.cancel().catch(() => undefined);
    reader.free();
  }
}

/** The content of a decrypted frame, which may be released. */
function release(reader: ObjectReader, job: FrameJob, { plain, leaf }: OpenedFrame): Uint8Array {
  const length = new DataView(plain.buffer).getUint32(0);
  if (length === job.plain - LENGTH) {
    reader.opened(job.index, leaf);
    return plain.subarray(LENGTH);
  }
  // Padding is checked where its rules are.
  return plain.subarray(LENGTH, LENGTH + reader.openedPadded(job.index, leaf, plain));
}
