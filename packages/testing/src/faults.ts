import { millis, type Duration } from "./clock.js";
import type { Role } from "./requests.js";

/** What is to go wrong with a request. */
export interface Fault {
  /** Only requests whose path matches. By default every one. */
  readonly path?: RegExp | string;
  /** Only requests to this server. */
  readonly role?: Role;
  /** How many requests it befalls. By default one. */
  readonly times?: number;
  /** The status that is answered instead: 503 as the server does that is overloaded (`unavailable`), any other by something in between that knows nothing of Wardseal. */
  readonly status?: number;
  /** The code of the problem that the server answers instead, such as `unavailable`; they stand in `docs/errors`. */
  readonly code?: string;
  /** Seconds after which it may be asked again, beside `status` or `code`. */
  readonly retryAfter?: number;
  /** How long it takes first, by the clock of the platform: nothing happens until that is moved. */
  readonly delay?: Duration;
  /** The connection breaks: before the server hears of the request, or after it has done what was asked. */
  readonly drop?: "before" | "after";
}

/** A fault that befalls a request. */
export interface Befalls {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly retryAfter: number | undefined;
  readonly delay: number;
  readonly drop: "before" | "after" | undefined;
}

/** A network that fails when told to. */
export class Faults {
  /** Whether no server can be reached. */
  offline = false;
  #waiting: { readonly fault: Fault; left: number }[] = [];

  /** The next request that fits meets this, then the one after it, as often as `times` says. Faults are met in the order in which they were set. */
  next(fault: Fault): void {
    const left = fault.times ?? 1;
    if (!Number.isInteger(left) || left < 1) throw new RangeError("a fault befalls at least one request");
    if (fault.status === undefined && fault.code === undefined && fault.delay === undefined && fault.drop === undefined) {
      throw new TypeError("a fault has at least one of status, code, delay and drop");
    }
    this.#waiting.push({ fault, left });
  }

  /** Forgets every fault that waits, and ends being offline. */
  clear(): void {
    this.offline = false;
    this.#waiting = [];
  }

  /** @internal The fault that this request meets. */
  take(role: Role, path: string): Befalls | undefined {
    const found = this.#waiting.find(({ fault }) => (fault.role === undefined || fault.role === role) && matches(fault.path, path));
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left === 0) this.#waiting = this.#waiting.filter((other) => other !== found);
    const { status, code, retryAfter, delay, drop } = found.fault;
    return { status, code, retryAfter, delay: delay === undefined ? 0 : millis(delay), drop };
  }
}

function matches(wanted: RegExp | string | undefined, path: string): boolean {
  // Without a memory of its own, which a pattern with the flag g has.
  return wanted === undefined || (typeof wanted === "string" ? path === wanted : path.search(wanted) >= 0);
}
