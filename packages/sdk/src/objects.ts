/// <reference lib="esnext.disposable" preserve="true" />
import type { ClientState } from "./client.js";
import { dispose } from "./disposal.js";
import { WardsealError, guarded, invalid, toError } from "./errors.js";
import { FRAME_CONTENT } from "./frames.js";
import { preludeLength, preludeMissing, trailerStart, type Opening, type Parts } from "./generated/core.js";
import { open } from "./pipeline.js";
import { collect, collectBlob, isBytes, randomAccess, readRandom, readStream, streamOf, type RandomAccess, type Reader, type Source } from "./sources.js";
import { concat } from "./transport.js";
import type { Watch } from "./watch.js";

/** What an object says of itself, readable without keys: a claim until it was opened. */
export interface ObjectHeader {
  readonly tenant: string;
  readonly session: string;
  readonly object: string;
  /** From 1. All versions of a document share the object. */
  readonly version: number;
  /** The epoch of the session under which it is sealed. */
  readonly epoch: number;
  /** The user who says that he wrote it. */
  readonly author: string;
  /** His device. */
  readonly device: string;
  /** When, by the author's clock, in milliseconds since 1970. */
  readonly time: number;
}

/**
 * Says that an object was opened to its end: each byte of its content is authentic and none is missing, and the author's
 * signature is verified. Only the SDK makes one.
 */
export class Completed {
  /** The user who wrote it. */
  readonly author: string;
  /** His device. */
  readonly device: string;
  /** When it was sealed, by the author's clock. */
  readonly time: Date;
  readonly session: string;
  readonly object: string;
  readonly version: number;
  /** Bytes of content. */
  readonly size: number;
  // Nothing else has the form of this.
  readonly #made = true;

  private constructor({ author, device, time, session, object, version }: ObjectHeader, size: number) {
    this.author = author;
    this.device = device;
    this.time = new Date(time);
    this.session = session;
    this.object = object;
    this.version = version;
    this.size = size;
    Object.freeze(this);
  }

  /** @internal */
  static of(header: ObjectHeader, size: number): Completed {
    return new Completed(header, size);
  }

  /** Whether this is one, for what comes from code without types. */
  static is(value: unknown): value is Completed {
    return typeof value === "object" && value !== null && #made in value;
  }
}

/** A promise that waits for somebody to say how it ends. */
class Later {
  readonly promise: Promise<Completed>;
  declare readonly resolve: (completed: Completed) => void;
  declare readonly reject: (error: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    // Whoever reads the content is told, too.
    this.promise.catch(() => undefined);
  }
}

interface Metadata {
  readonly name?: string;
  readonly type?: string;
  readonly size?: number;
}

/** Bytes that contain the prelude of every object that this SDK makes. */
const USUAL_PRELUDE = 4096;

/** Reads the prelude and nothing after it. */
async function takePrelude(reader: Reader): Promise<Uint8Array<ArrayBuffer>> {
  let prelude = new Uint8Array();
  for (;;) {
    const missing = preludeMissing(prelude);
    if (missing === 0) return prelude;
    const more = await reader.take(missing);
    prelude = concat([prelude, more]);
    if (more.length < missing) {
      // What there is may not even be the beginning of an object.
      preludeMissing(prelude);
      throw new WardsealError("object_truncated", "the object is cut off: fetch it again");
    }
  }
}

async function preludeOf(source: RandomAccess): Promise<Uint8Array> {
  const start = await source.read(0, Math.min(USUAL_PRELUDE, source.size));
  return preludeMissing(start) === 0 ? start.slice(0, preludeLength(start)) : takePrelude(readRandom(source));
}

/** Verifies the author by the end of the object, so that parts can be read. */
async function verify(opening: Opening, source: RandomAccess): Promise<Parts> {
  const size = BigInt(source.size);
  const tail = await source.read(Math.max(0, source.size - 4), source.size);
  const start = trailerStart(size, tail);
  return opening.parts(size, await source.read(start, source.size));
}

/**
 * An opened object. Of bytes, blobs and what can be read in any part, the author is verified before this exists. Of a
 * stream he is verified at its end, and the content can be read once.
 */
export class Opened {
  readonly #opening: Opening;
  readonly #header: ObjectHeader;
  readonly #metadata: Metadata;
  readonly #source: RandomAccess | undefined;
  readonly #parts: Parts | undefined;
  readonly #preludeLength: number;
  readonly #watch: Watch;
  #stream: Reader | undefined;
  #verified: boolean;
  #completed = new Later();
  #closed = false;

  private constructor(
    opening: Opening,
    preludeLength: number,
    metadata: Metadata,
    from: { source: RandomAccess; parts: Parts } | { stream: Reader },
    watch: Watch,
  ) {
    this.#opening = opening;
    this.#header = opening.header() as ObjectHeader;
    this.#metadata = metadata;
    this.#preludeLength = preludeLength;
    this.#watch = watch;
    this.#source = "source" in from ? from.source : undefined;
    this.#parts = "parts" in from ? from.parts : undefined;
    this.#stream = "stream" in from ? from.stream : undefined;
    this.#verified = this.#parts !== undefined;
  }

  /** @internal */
  static async from(source: Source, state: ClientState, watch: Watch): Promise<Opened> {
    const prepare = (prelude: Uint8Array): Promise<Opening> => state.withKeys((core) => core.opening(prelude), watch.signal);
    const random = randomAccess(source);
    if (random !== undefined) {
      // What lies in memory or on the disk is read before keys are fetched for whatever was opened with it.
      const prelude = await (isBytes(source) || source instanceof Blob ? state.reading(preludeOf(random)) : preludeOf(random));
      const opening = await prepare(prelude);
      const parts = await verify(opening, random);
      return new Opened(opening, prelude.length, parts.metadata() as Metadata, { source: random, parts }, watch);
    }
    const stream = readStream(source as ReadableStream<Uint8Array>);
    try {
      const prelude = await takePrelude(stream);
      const opening = await prepare(prelude);
      const reader = opening.start();
      const metadata = reader.metadata() as Metadata;
      reader.free();
      return new Opened(opening, prelude.length, metadata, { stream }, watch);
    } catch (thrown) {
      await stream.cancel().catch(() => undefined);
      throw thrown;
    }
  }

  /** A file name, as the author wrote it: not a path, and not fit to be used as one unchecked. */
  get name(): string | undefined {
    return this.#metadata.name;
  }

  /** The media type that the author claims. */
  get type(): string | undefined {
    return this.#metadata.type;
  }

  /** Bytes of content, where the author knew it before sealing. */
  get size(): number | undefined {
    return this.#metadata.size;
  }

  get session(): string {
    return this.#header.session;
  }

  get object(): string {
    return this.#header.object;
  }

  get version(): number {
    return this.#header.version;
  }

  /** The user who wrote it: a fact once {@link Opened.verified}. */
  get author(): string {
    return this.#header.author;
  }

  /** The author's device. */
  get device(): string {
    return this.#header.device;
  }

  /** When it was sealed, by the author's clock. */
  get time(): Date {
    return new Date(this.#header.time);
  }

  /** Whether the author is verified. Of a stream he is when its content has ended without an error. */
  get verified(): boolean {
    return this.#verified;
  }

  /**
   * What says that all of the content was read and is authentic, and the author verified: it resolves when some reading of
   * the content has come to its end, and rejects when one failed. Reading parts is not enough.
   */
  get completed(): Promise<Completed> {
    return this.#completed.promise;
  }

  async *#content(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#closed) throw invalid("what was opened was closed: open it again");
    let from = this.#stream;
    if (this.#source !== undefined) from = readRandom(this.#source, this.#preludeLength);
    else this.#stream = undefined;
    if (from === undefined) throw invalid("the content of a stream can be read once: open it again");
    let size = 0;
    let whole = false;
    try {
      const reader = this.#opening.start();
      const long = this.#source === undefined || this.#source.size > FRAME_CONTENT;
      for await (const piece of open(reader, from, long, this.#watch)) {
        size += piece.length;
        yield piece;
      }
      whole = true;
      this.#verified = true;
      this.#completed.resolve(Completed.of(this.#header, size));
    } catch (thrown) {
      whole = true;
      const error = toError(thrown, this.#watch.signal);
      this.#fail(error);
      throw error;
    } finally {
      // Whoever leaves early learns nothing of the rest.
      if (!whole && this.#source === undefined) this.#fail(new WardsealError("cancelled", "the content was not read to its end: open it again"));
    }
  }

  #fail(error: Error): void {
    this.#completed.reject(error);
    // What lies at hand may be read again, and then to its end.
    if (this.#source !== undefined) this.#completed = new Later();
  }

  /** The content piece by piece, as {@link stream} gives it. */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#content();
  }

  /** The content, in memory. */
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return collect(this.#content());
  }

  /** The content as UTF-8 text. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** The content as a blob of the author's media type. */
  blob(): Promise<Blob> {
    return collectBlob(this.#content(), this.type ?? "");
  }

  /**
   * The content piece by piece. A piece was written by some member of the session and stands in its place; that the
   * author wrote it and that nothing is missing is known when the stream ends without an error. So write it to a
   * temporary place first.
   */
  stream(): ReadableStream<Uint8Array> {
    return streamOf(this.#content());
  }

  /** Lets go of keys and source. What is being read is not disturbed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts?.free();
    this.#opening.free();
    this.#stream?.cancel().catch(() => undefined);
    this.#stream = undefined;
  }

  /** {@link close}, for `using`. */
  [dispose](): void {
    this.close();
  }

  /** The content from `start` up to and without `end`. Not of a stream. */
  range(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return guarded(async () => {
      const source = this.#source;
      const parts = this.#parts;
      if (this.#closed) throw invalid("what was opened was closed: open it again");
      if (source === undefined || parts === undefined) throw invalid("parts of a stream cannot be read: give a Blob, bytes or a file behind `httpSource`");
      if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
        throw invalid("a range is two whole numbers, the smaller first");
      }
      const [from, to] = [BigInt(start), BigInt(end)];
      const planned = parts.plan(from, to) as { start: number; end: number }[];
      const fetched = await Promise.all(planned.map((part) => source.read(part.start, part.end)));
      return concat(fetched.map((bytes, at) => parts.open(from, to, at, bytes)));
    });
  }
}
