/** What fetching and sending of files have in common: one request, and when to make another. */
import { WardsealError } from "./errors.js";

/** Headers, or what gives them before each request, such as a token that does not live long. */
export type HeadersSource = HeadersInit | (() => HeadersInit | Promise<HeadersInit>);

/** How files travel. */
export interface HttpOptions {
  /** By default the platform's own. */
  readonly fetch?: typeof fetch | undefined;
  /** Sent with each request. */
  readonly headers?: HeadersSource | undefined;
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which one request is given up and made again. */
  readonly timeout?: number | undefined;
  /** Milliseconds to wait before each further attempt; after the last one it fails. Progress begins anew. */
  readonly retryDelays?: readonly number[] | undefined;
}

/** Two minutes. */
const TIMEOUT = 120_000;
const RETRY_DELAYS: readonly number[] = [0, 1_000, 3_000, 5_000, 10_000, 20_000];
/** Milliseconds beyond which a server that asks for patience is not obeyed. */
const LONGEST_WAIT = 60_000;

/** A failure after which the same request can succeed. */
class Transient {
  constructor(
    readonly error: WardsealError,
    readonly after = 0,
  ) {}
}

/** Throws what makes {@link Http.persist} try again, and `code` when it does not help. */
export function transient(code: "interrupted" | "unavailable" | "unreachable" | "timeout", message: string, after = 0): never {
  throw new Transient(new WardsealError(code, message, after > 0 ? { retryAfter: after / 1000 } : {}), after);
}

/** Requests to one server. */
export class Http {
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** One request. What can be better the next time is thrown as such; every other answer is given. */
  async send(url: string, init: RequestInit): Promise<Response> {
    const { headers: given, signal, timeout = TIMEOUT } = this.#options;
    const headers = new Headers(typeof given === "function" ? await given() : given);
    new Headers(init.headers).forEach((value, name) => headers.set(name, value));
    signal?.throwIfAborted();
    const limit = AbortSignal.timeout(timeout);
    let response: Response;
    try {
      // Called without `this`: the page's own fetch insists on it.
      const send = this.#options.fetch ?? fetch;
      response = await send(url, { ...init, headers, signal: signal === undefined ? limit : AbortSignal.any([signal, limit]), cache: "no-store" });
    } catch (thrown) {
      signal?.throwIfAborted();
      if (limit.aborted) transient("timeout", `${shown(url)} did not answer in time: try again`);
      // What is no address never becomes one.
      if (!isAddress(url)) throw new WardsealError("invalid", `${shown(url)} is no address`, {}, thrown);
      transient("unreachable", `${shown(url)} cannot be reached: check the connection and try again`);
    }
    const { status } = response;
    if (status === 423 || status === 429 || (status >= 500 && status !== 501 && status !== 505 && status !== 507)) {
      await discard(response);
      transient("unavailable", `${shown(url)} is busy or stops (status ${status}): try again`, patience(response));
    }
    return response;
  }

  /** Does `work` until it succeeds, fails for good, or has failed too often without getting further. */
  async persist<T>(work: (progressed: () => void) => Promise<T>): Promise<T> {
    const { signal, retryDelays = RETRY_DELAYS } = this.#options;
    let failures = 0;
    for (;;) {
      try {
        return await work(() => {
          failures = 0;
        });
      } catch (thrown) {
        signal?.throwIfAborted();
        if (!(thrown instanceof Transient)) throw thrown;
        const delay = retryDelays[failures];
        if (delay === undefined) throw thrown.error;
        failures += 1;
        await pause(Math.max(delay, Math.min(thrown.after, LONGEST_WAIT)), signal);
      }
    }
  }
}

/** An address as it may be shown: what stands after its path can be a secret. */
export function shown(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

function isAddress(url: string): boolean {
  return URL.canParse(url, globalThis.location?.href);
}

/** Lets go of an answer whose body is not wanted. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

/** Milliseconds that the server asks to wait. */
function patience(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

function pause(delay: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, delay);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
}

/** A header that holds a whole number of bytes. */
export function bytesIn(response: Response, header: string): number | undefined {
  const text = response.headers.get(header);
  if (text === null || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}
