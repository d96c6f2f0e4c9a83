/** A length of time: milliseconds, or the sum of what is given. */
export type Duration =
  | number
  | { readonly days?: number; readonly hours?: number; readonly minutes?: number; readonly seconds?: number; readonly milliseconds?: number };

/** Milliseconds in a length of time. */
export function millis(duration: Duration): number {
  if (typeof duration === "number") return duration;
  const { days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = duration;
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
}

/** The time of servers and clients alike. It stands still until it is moved. */
export class TestClock {
  readonly #read: () => number;
  readonly #move: (ms: number) => void;
  #sleeping: { readonly until: number; readonly wake: () => void }[] = [];

  /** @internal */
  constructor(read: () => number, move: (ms: number) => void) {
    this.#read = read;
    this.#move = move;
  }

  /** What it shows, in milliseconds since 1970. */
  now(): number {
    return this.#read();
  }

  /** The same as a `Date`. */
  get date(): Date {
    return new Date(this.now());
  }

  /** Moves it forward: by milliseconds, or by `{ minutes: 16 }`. */
  advance(duration: Duration): void {
    const ms = Math.round(millis(duration));
    if (!(ms >= 0)) throw new RangeError("a clock is moved forward, by a number of milliseconds or by { minutes: … }");
    this.#move(ms);
    const now = this.now();
    const over = this.#sleeping.filter(({ until }) => until <= now);
    this.#sleeping = this.#sleeping.filter(({ until }) => until > now);
    for (const { wake } of over) wake();
  }

  /** @internal Calls `wake` when the clock shows `until`; what it gives takes that back. */
  at(until: number, wake: () => void): () => void {
    if (until <= this.now()) {
      wake();
      return () => undefined;
    }
    const sleeper = { until, wake };
    this.#sleeping.push(sleeper);
    return () => {
      this.#sleeping = this.#sleeping.filter((other) => other !== sleeper);
    };
  }
}
