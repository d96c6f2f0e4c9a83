/** Sealed objects to a server, so that a break loses little. The protocol is tus 1.0.0: core, and creation. */
import { WardsealError, guarded, invalid } from "./errors.js";
import { Http, bytesIn, discard, shown, transient, type HttpOptions } from "./http.js";
import { isBytes, isStream, own, type Bytes } from "./sources.js";

/** How an upload goes, beside what {@link HttpOptions} say. */
export interface UploadOptions extends HttpOptions {
  /** The address of an upload that was begun earlier, with the same sealed bytes: goes on where the server stands. */
  readonly resume?: string | undefined;
  /** Is told the address of a new upload before any byte is sent: keep it beside the sealed bytes to go on after a reload. */
  readonly onBegin?: ((address: string) => void | Promise<void>) | undefined;
  /** Is told how many bytes the server has, and how many there are; of a stream that is not known until its end. */
  readonly onProgress?: ((sent: number, size: number | undefined) => void) | undefined;
  /** Bytes of a request, at most: 4 MiB. Bad connections get smaller ones. */
  readonly partSize?: number | undefined;
}

/** What a server that understands the protocol is told with each request. */
const TUS = { "tus-resumable": "1.0.0" };
const PART = 4 << 20;
const SMALLEST_PART = 256 << 10;
const EXPOSE = "a server of another origin has to expose Location, Upload-Offset and Upload-Length";

/** What is sent, from any place that the server may still ask for. */
interface Sealed {
  /** Its length, when it is known. */
  size(): number | undefined;
  /** At most `length` bytes from `at`. */
  part(at: number, length: number): Promise<Blob | Uint8Array<ArrayBuffer>>;
  cancel(reason: unknown): Promise<void>;
}

function sealedBlob(blob: Blob): Sealed {
  return {
    size: () => blob.size,
    part: async (at, length) => blob.slice(at, at + length),
    cancel: async () => {},
  };
}

/** A stream of which the bytes that the server has not confirmed are held. */
function sealedStream(stream: ReadableStream<Uint8Array>): Sealed {
  const reader = stream.getReader();
  let held = new Uint8Array();
  let start = 0;
  let ended = false;
  return {
    size: () => (ended ? start + held.length : undefined),
    async part(at, length) {
      if (at < start || at > start + held.length) {
        throw new WardsealError("upload_gone", "the server has lost bytes of a stream, which cannot be read again: seal and upload anew");
      }
      held = held.slice(at - start);
      start = at;
      const pieces: Uint8Array[] = [held];
      // One byte more than is sent, to know whether this is the end.
      for (let have = held.length; !ended && have <= length; ) {
        const next = await reader.read();
        if (next.done) {
          ended = true;
        } else {
          pieces.push(next.value);
          have += next.value.length;
        }
      }
      if (pieces.length > 1) held = new Uint8Array(await new Blob(pieces.map(own)).arrayBuffer());
      return held.subarray(0, length);
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

/** One upload. */
class Upload {
  readonly #http: Http;
  readonly #sealed: Sealed;
  readonly #options: UploadOptions;
  #address: string | undefined;
  /** Where the server stands, if that is known. */
  #at: number | undefined;
  /** The server knows how long it will be. */
  #announced = false;
  /** The furthest that it has come to. */
  #furthest = -1;
  #part: number;

  constructor(sealed: Sealed, options: UploadOptions) {
    this.#http = new Http(options);
    this.#sealed = sealed;
    this.#options = options;
    this.#part = options.partSize ?? PART;
    if (!Number.isSafeInteger(this.#part) || this.#part < 1) throw invalid("partSize is a number of bytes");
    this.#address = options.resume;
  }

  run(endpoint: string): Promise<string> {
    return this.#http.persist(async (progressed) => {
      try {
        this.#address ??= await this.#begin(endpoint);
        const address = this.#address;
        this.#at ??= await this.#stand(address);
        this.#tell(progressed);
        while (!this.#announced || this.#at !== this.#sealed.size()) {
          this.#at = await this.#append(address, this.#at);
          this.#part = Math.min(this.#part * 2, this.#options.partSize ?? PART);
          this.#tell(progressed);
        }
        return address;
      } catch (thrown) {
        // Whatever happened, the server knows how far it has come.
        this.#at = undefined;
        this.#part = Math.min(this.#part, Math.max(Math.floor(this.#part / 2), SMALLEST_PART));
        throw thrown;
      }
    });
  }

  #tell(progressed: () => void): void {
    const at = this.#at ?? 0;
    if (at <= this.#furthest) return;
    this.#furthest = at;
    progressed();
    this.#options.onProgress?.(at, this.#sealed.size());
  }

  async #begin(endpoint: string): Promise<string> {
    const size = this.#sealed.size();
    const length: Record<string, string> = size === undefined ? { "upload-defer-length": "1" } : { "upload-length": String(size) };
    const response = await this.#http.send(endpoint, { method: "POST", headers: { ...TUS, ...length }, redirect: "manual" });
    await discard(response);
    if (response.status !== 201) throw refused(endpoint, response, "upload_refused");
    const location = response.headers.get("location");
    if (location === null) throw new WardsealError("bad_answer", `${shown(endpoint)} did not say where the upload is: ${EXPOSE}`);
    const base = new URL(endpoint, globalThis.location?.href);
    const address = new URL(location, base);
    // The headers may hold a token, which is for this server.
    if (address.origin !== base.origin) throw new WardsealError("bad_answer", `${shown(endpoint)} sent the upload to another server`);
    this.#announced = size !== undefined;
    this.#at = 0;
    await this.#options.onBegin?.(address.href);
    return address.href;
  }

  async #stand(address: string): Promise<number> {
    const response = await this.#http.send(address, { method: "HEAD", headers: TUS, redirect: "manual" });
    if (!response.ok) throw refused(address, response);
    const at = bytesIn(response, "upload-offset");
    if (at === undefined) throw new WardsealError("bad_answer", `${shown(address)} did not say where the upload stands: ${EXPOSE}`);
    const length = bytesIn(response, "upload-length");
    const size = this.#sealed.size();
    this.#announced = length !== undefined;
    if (size !== undefined && (at > size || (length !== undefined && length !== size))) {
      throw invalid("the upload is of another length: go on with the same sealed bytes, or begin another upload");
    }
    return at;
  }

  async #append(address: string, at: number): Promise<number> {
    const part = await this.#sealed.part(at, this.#part);
    const size = this.#sealed.size();
    const sent = part instanceof Blob ? part.size : part.length;
    const response = await this.#http.send(address, {
      method: "PATCH",
      headers: {
        ...TUS,
        "content-type": "application/offset+octet-stream",
        "upload-offset": String(at),
        ...(this.#announced || size === undefined ? {} : { "upload-length": String(size) }),
      },
      body: part,
      redirect: "manual",
    });
    await discard(response);
    if (response.status === 409) transient("interrupted", "the upload stands at another place than was thought: try again");
    if (!response.ok) throw refused(address, response);
    const next = bytesIn(response, "upload-offset");
    if (next === undefined || next < at || next > at + sent) {
      throw new WardsealError("bad_answer", `${shown(address)} did not say where the upload stands: ${EXPOSE}`);
    }
    if (next === at && sent > 0) transient("interrupted", "the upload does not go on: try again");
    if (size !== undefined) this.#announced = true;
    return next;
  }
}

function refused(url: string, { status }: Response, missing: "upload_gone" | "upload_refused" = "upload_gone"): WardsealError {
  if ((status === 404 || status === 410) && missing === "upload_gone") {
    return new WardsealError("upload_gone", "there is no such upload: begin another", { status });
  }
  if (status === 507) return new WardsealError("storage_full", "the server has no room: its operator must make some", { status });
  const reason = status === 413 ? "it is too large" : status === 401 || status === 403 ? "sign in, or send the right headers" : `status ${status}`;
  return new WardsealError("upload_refused", `${shown(url)} refuses the upload: ${reason}`, { status });
}

/**
 * Sends a sealed object, and gives the address of the upload. `url` is where uploads are begun; with `resume` nothing is
 * begun. Interrupted connections are taken up again by themselves; after a reload, or after this has failed, `resume`
 * goes on. Only the same sealed bytes fit: sealing again makes others.
 */
export function upload(url: string | URL, sealed: Blob | Bytes | ReadableStream<Uint8Array>, options: UploadOptions = {}): Promise<string> {
  return guarded(async () => {
    if (isStream(sealed)) {
      if (options.resume !== undefined) throw invalid("a stream cannot be resumed: keep the sealed bytes as a Blob");
      const source = sealedStream(sealed);
      try {
        return await new Upload(source, options).run(String(url));
      } catch (thrown) {
        await source.cancel(thrown).catch(() => undefined);
        throw thrown;
      }
    }
    if (!isBytes(sealed) && !(sealed instanceof Blob)) throw invalid("give sealed bytes, a Blob or a stream");
    const blob = sealed instanceof Blob ? sealed : new Blob([sealed instanceof ArrayBuffer ? sealed : own(sealed)]);
    return new Upload(sealedBlob(blob), options).run(String(url));
  });
}
