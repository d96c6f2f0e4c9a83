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

/** Reads on. */
export interface Reader {
  /** Whether what is given is the receiver's, to be handed over or changed. */
  readonly owned: boolean;
  /** Exactly `length` bytes, fewer only at the end. */
  take(length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** A length field and as many bytes as it says, at most `limit` together; fewer only at the end. */
  takeFrame(limit: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Lets go of the source. */
  cancel(): Promise<void>;
}

/** Bytes of a length field. */
const FIELD = 4;

function frameLength(bytes: Uint8Array): number {
  return bytes.length < FIELD ? FIELD : FIELD + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** Reads what has any part at hand, from `start`. */
export function readRandom(source: RandomAccess, start = 0): Reader {
  let at = start;
  const peek = async (length: number): Promise<Uint8Array<ArrayBuffer>> => {
    const end = Math.min(at + length, source.size);
    const bytes = await source.read(at, end);
    if (bytes.length !== end - at) {
      throw new WardsealError("io", "the source gave another number of bytes than were asked for");
    }
    return own(bytes);
  };
  return {
    owned: false,
    async take(length) {
      const bytes = await peek(length);
      at += bytes.length;
      return bytes;
    },
    async takeFrame(limit) {
      // Nearly all frames are as long as they may be.
      const bytes = await peek(limit);
      const frame = bytes.subarray(0, frameLength(bytes));
      at += frame.length;
      return frame;
    },
    async cancel() {},
  };
}

/** Reads a stream, holding back what comes in too large pieces. */
export function readStream(stream: ReadableStream<Uint8Array>): Reader {
  const reader = stream.getReader();
  let held: Uint8Array = new Uint8Array();
  const fill = async (parts: Uint8Array[], length: number): Promise<void> => {
    for (let missing = length; missing > 0; ) {
      if (held.length === 0) {
        const next = await reader.read();
        if (next.done) return;
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
  };
  return {
    owned: true,
    async take(length) {
      const parts: Uint8Array[] = [];
      await fill(parts, length);
      return concat(parts);
    },
    async takeFrame(limit) {
      const parts: Uint8Array[] = [];
      await fill(parts, FIELD);
      const field = concat(parts);
      await fill(parts, Math.min(frameLength(field), limit) - field.length);
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

/** All that a generator gives, in one array. What stands in `into` already is not copied. */
export async function collect(pieces: AsyncIterable<Uint8Array>, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let at = 0;
  for await (const piece of pieces) {
    if (into === undefined) parts.push(piece);
    else if (piece.buffer !== into.buffer) into.set(piece, at);
    at += piece.length;
  }
  return into ?? concat(parts);
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
