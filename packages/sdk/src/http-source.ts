/** A sealed object behind HTTP, of which only the parts that are needed travel. */
import { WardsealError, guarded, invalid } from "./errors.js";
import { Http, discard, shown, transient, type HttpOptions } from "./http.js";
import type { RandomAccess } from "./sources.js";

/** How an object is read, beside what {@link HttpOptions} say. */
export interface HttpSourceOptions extends HttpOptions {
  /** Bytes that are fetched and kept together: 128 KiB. */
  readonly blockSize?: number | undefined;
  /** Bytes that are kept at most: 16 MiB. */
  readonly cacheSize?: number | undefined;
}

const BLOCK = 128 << 10;
const CACHE = 16 << 20;
/** Blocks of one request, at most, in bytes: what is lost when it breaks off. */
const RUN = 4 << 20;

/** What an answer with a range says of the object. */
interface Described {
  readonly start: number;
  readonly end: number;
  readonly size: number;
}

function described(response: Response): Described | undefined {
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(response.headers.get("content-range") ?? "");
  if (found === null) return undefined;
  const [start, last, size] = found.slice(1).map(Number) as [number, number, number];
  return last >= start && last < size ? { start, end: last + 1, size } : undefined;
}

/** What changes when the object does: its strong or weak `ETag`, or else when it was written. */
function validator(response: Response): string | undefined {
  return response.headers.get("etag") ?? response.headers.get("last-modified") ?? undefined;
}

function changed(url: string): WardsealError {
  return new WardsealError("source_changed", `${shown(url)} has changed while it was read: open it again`);
}

/** Reads exactly `length` bytes of an answer, and says how many came when it was cut off. */
async function fill(response: Response, into: Uint8Array<ArrayBuffer>): Promise<{ filled: number; whole: boolean }> {
  const reader = response.body?.getReader();
  let filled = 0;
  try {
    for (;;) {
      const next = await reader?.read();
      if (next === undefined || next.done) return { filled, whole: filled === into.length };
      if (filled + next.value.length > into.length) {
        await reader?.cancel();
        throw new WardsealError("bad_answer", "the server sent more bytes than it said");
      }
      into.set(next.value, filled);
      filled += next.value.length;
    }
  } catch (thrown) {
    if (thrown instanceof WardsealError) throw thrown;
    return { filled, whole: false };
  }
}

/** Fetches ranges of one object, and sees to it that it stays the same object. */
class Ranges {
  readonly #url: string;
  readonly #http: Http;
  readonly #signal: AbortSignal | undefined;
  #known: { readonly size: number; readonly validator: string | undefined } | undefined;

  constructor(url: string, options: HttpSourceOptions) {
    this.#url = url;
    this.#http = new Http(options);
    this.#signal = options.signal;
  }

  get size(): number {
    return this.#known?.size ?? 0;
  }

  /** The bytes from `start` up to and without `end`, fewer where the object ends. What came before a break is not fetched again. */
  async fetch(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    let at = start;
    return this.#http.persist(async (progressed) => {
      const response = await this.#ask(at, end);
      if (response === undefined) return new Uint8Array();
      const stop = Math.min(end, this.size);
      bytes ??= new Uint8Array(stop - start);
      const { filled, whole } = await fill(response, bytes.subarray(at - start));
      if (filled > 0) progressed();
      at += filled;
      if (whole) return bytes;
      this.#signal?.throwIfAborted();
      transient("interrupted", `${shown(this.#url)} was cut off: try again`);
    });
  }

  /** The answer with this range; `undefined` when the object is empty. */
  async #ask(start: number, end: number): Promise<Response | undefined> {
    const tag = this.#known?.validator;
    const strong = tag?.startsWith('"') ? { "if-match": tag } : {};
    const response = await this.#http.send(this.#url, { headers: { range: `bytes=${start}-${end - 1}`, ...strong } });
    const refusal = this.#refusal(response);
    if (refusal !== undefined) {
      await discard(response);
      throw refusal;
    }
    if (response.status === 416) {
      await discard(response);
      if (this.#known === undefined && response.headers.get("content-range") === "bytes */0") {
        this.#known = { size: 0, validator: validator(response) };
        return undefined;
      }
      throw changed(this.#url);
    }
    const range = described(response);
    const known = this.#known ?? (range === undefined ? undefined : { size: range.size, validator: validator(response) });
    if (range === undefined || known === undefined || range.start !== start || range.end !== Math.min(end, range.size)) {
      await discard(response);
      // What has become shorter ends elsewhere.
      if (known !== undefined && range !== undefined && range.size !== known.size) throw changed(this.#url);
      throw new WardsealError("bad_answer", `${shown(this.#url)} answered with another range: a server of another origin has to expose Content-Range and ETag`);
    }
    if (range.size !== known.size || validator(response) !== known.validator) {
      await discard(response);
      throw changed(this.#url);
    }
    this.#known = known;
    return response;
  }

  #refusal(response: Response): WardsealError | undefined {
    const { status } = response;
    const coded = response.headers.get("content-encoding") ?? "identity";
    if (status === 412) return changed(this.#url);
    if (status === 416 || (status === 206 && coded === "identity")) return undefined;
    if (response.ok) {
      return new WardsealError("source_no_ranges", `${shown(this.#url)} gives the whole file and no part of it: open its body as a stream, or have the server support range requests`, { status });
    }
    if (this.#known !== undefined && (status === 404 || status === 410)) return changed(this.#url);
    const reason = status === 404 || status === 410 ? "it is not there" : status === 401 || status === 403 ? "sign in, or send the right headers" : `status ${status}`;
    return new WardsealError("source_refused", `${shown(this.#url)} cannot be read: ${reason}`, { status });
  }
}

/** Blocks of the object, the last used ones kept, each fetched once however many ask for it. */
class Blocks implements RandomAccess {
  readonly #ranges: Ranges;
  readonly #block: number;
  readonly #most: number;
  /** By number, the longest unused first. */
  readonly #blocks = new Map<number, Promise<Uint8Array>>();

  constructor(ranges: Ranges, block: number, cache: number, first: Uint8Array<ArrayBuffer>) {
    this.#ranges = ranges;
    this.#block = block;
    this.#most = Math.max(1, Math.floor(cache / block));
    if (first.length > 0) this.#blocks.set(0, Promise.resolve(first));
  }

  get size(): number {
    return this.#ranges.size;
  }

  read(start: number, end: number): Promise<Uint8Array> {
    return guarded(async () => {
      if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
        throw invalid("a range is two whole numbers, the smaller first");
      }
      const stop = Math.min(end, this.size);
      if (start >= stop) return new Uint8Array();
      const first = Math.floor(start / this.#block);
      const blocks = await Promise.all(this.#need(first, Math.ceil(stop / this.#block)));
      const whole = new Uint8Array(stop - start);
      blocks.forEach((block, index) => {
        const at = (first + index) * this.#block;
        whole.set(block.subarray(Math.max(0, start - at), stop - at), Math.max(0, at - start));
      });
      return whole;
    });
  }

  /** The blocks from `first` up to and without `end`, those that are missing in as few requests as possible. */
  #need(first: number, end: number): Promise<Uint8Array>[] {
    const wanted: Promise<Uint8Array>[] = [];
    for (let number = first; number < end; ) {
      const known = this.#blocks.get(number);
      if (known !== undefined) {
        // Used now: the last to go.
        this.#blocks.delete(number);
        this.#blocks.set(number, known);
        wanted.push(known);
        number += 1;
        continue;
      }
      let stop = number + 1;
      while (stop < end && !this.#blocks.has(stop) && (stop - number) * this.#block < RUN) stop += 1;
      wanted.push(...this.#load(number, stop));
      number = stop;
    }
    this.#forget();
    return wanted;
  }

  #load(first: number, end: number): Promise<Uint8Array>[] {
    const run = this.#ranges.fetch(first * this.#block, Math.min(end * this.#block, this.size));
    return Array.from({ length: end - first }, (_, index) => {
      const number = first + index;
      // Copied: a block that stays must not hold the others of its request.
      const block = run.then((bytes) => bytes.slice(index * this.#block, (index + 1) * this.#block));
      this.#blocks.set(number, block);
      // What failed is asked for again.
      block.catch(() => this.#blocks.get(number) === block && this.#blocks.delete(number));
      return block;
    });
  }

  #forget(): void {
    for (const number of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#most) return;
      this.#blocks.delete(number);
    }
  }
}

/**
 * A sealed object at an address, to be opened so that only what is read travels. The server has to support range
 * requests. An object that changes meanwhile is an error. `signal` ends it for good.
 */
export function httpSource(url: string | URL, options: HttpSourceOptions = {}): Promise<RandomAccess> {
  return guarded(async () => {
    const { blockSize = BLOCK, cacheSize = CACHE } = options;
    if (!Number.isSafeInteger(blockSize) || blockSize < 1) throw invalid("blockSize is a number of bytes");
    const ranges = new Ranges(String(url), options);
    return new Blocks(ranges, blockSize, cacheSize, await ranges.fetch(0, blockSize));
  });
}
