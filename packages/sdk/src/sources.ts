import { WardsealError } from "./errors.js";
import { concat } from "./transport.js";

/** Bytes at hand. */
export type Bytes = Uint8Array | ArrayBuffer;

/** Something of which any part can be read, such as a file behind HTTP range requests. */
export interface RandomAccess {
  /** Its length in bytes. */
  readonly size: number;
  /** The bytes from `start` up to and without `end`. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** What can be sealed or opened. */
export type Source = Bytes | Blob | ReadableStream<Uint8Array> | RandomAccess;

/** Bytes whose buffer is not shared with another thread, as WebCrypto wants them. */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}

/** A copy that may be handed over to a worker. */
export function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

export function isBytes(source: unknown): source is Bytes {
  return source instanceof Uint8Array || source instanceof ArrayBuffer;
}

export function isStream(source: unknown): source is ReadableStream<Uint8Array> {
  return typeof ReadableStream !== "undefined" && source instanceof ReadableStream;
}

/** The source as one of which any part can be read; `undefined` for a stream. */
export function randomAccess(source: Source): RandomAccess | undefined {
  if (isStream(source)) return undefined;
  if (isBytes(source)) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
    return { size: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
  }
  if (source instanceof Blob) {
    return {
      size: source.size,
      read: async (start, end) => new Uint8Array(await source.slice(start, end).arrayBuffer()),
    };
  }
  return source;
}

/** Reads on, never more than asked for. */
export interface Reader {
  /** Exactly `length` bytes, fewer only at the end. What it gives may be handed over. */
  take(length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Lets go of the source. */
  cancel(): Promise<void>;
}

/** Reads what has any part at hand, from `start`. */
export function readRandom(source: RandomAccess, start = 0): Reader {
  let at = start;
  return {
    async take(length) {
      const end = Math.min(at + length, source.size);
      const bytes = await source.read(at, end);
      if (bytes.length !== end - at) {
        throw new WardsealError("io", "the source gave another number of bytes than were asked for");
      }
      at = end;
      return copy(bytes);
    },
    async cancel() {},
  };
}

/** Reads a stream, holding back what comes in too large pieces. */
export function readStream(stream: ReadableStream<Uint8Array>): Reader {
  const reader = stream.getReader();
  let held: Uint8Array = new Uint8Array();
  return {
    async take(length) {
      const parts: Uint8Array[] = [];
      let missing = length;
      while (missing > 0) {
        if (held.length === 0) {
          const next = await reader.read();
          if (next.done) break;
          if (!(next.value instanceof Uint8Array)) {
            throw new WardsealError("invalid", "a stream has to give Uint8Arrays");
          }
          held = next.value;
        }
        const part = held.subarray(0, missing);
        held = held.subarray(part.length);
        missing -= part.length;
        parts.push(part);
      }
      return concat(parts);
    },
    cancel: () => reader.cancel(),
  };
}

/** A stream of what a generator gives, as fast as it is read. */
export function streamOf(pieces: AsyncGenerator<Uint8Array, void, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await pieces.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await pieces.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** All that a generator gives, in one array. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return concat(parts);
}

/** Bytes after which what is collected is handed to the browser, which may put it on disk. */
const BLOB_PART = 16 << 20;

/** All that a generator gives, as a blob. */
export async function collectBlob(pieces: AsyncIterable<Uint8Array>, type: string): Promise<Blob> {
  let parts: BlobPart[] = [];
  let size = 0;
  for await (const piece of pieces) {
    parts.push(own(piece));
    size += piece.length;
    if (size >= BLOB_PART) {
      parts = [new Blob(parts)];
      size = 0;
    }
  }
  return new Blob(parts, { type });
}
