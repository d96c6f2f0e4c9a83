import type { StateStore } from "./store.js";
import type { Answer, NoAnswer, Role, Transport } from "./transport.js";

/** What says the time, in milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** Records of sessions, which a store of the application's own may hold. How far each was seen stays in the client's store. */
const SESSION_RECORD = /^(?:chain|boxes)\/ses_/;

/** What the core asks of JavaScript. */
export class Host {
  readonly #transport: Transport;
  readonly #store: StateStore;
  readonly #sessions: StateStore | undefined;
  readonly #clock: Clock;
  /** The version of the store that the core knows. */
  version = 0;
  /** What stops the requests of the operation that runs. */
  signal: AbortSignal | undefined;
  /** What became of the last request, if there was no answer. */
  failure: NoAnswer | undefined;
  /** Whether every request ends as the last one did: nobody waits twice for a server that is away. */
  offline = false;

  /** `sessions` holds the records of sessions, if they are not to lie beside the others. */
  constructor(transport: Transport, store: StateStore, clock: Clock, sessions: StateStore | undefined) {
    this.#transport = transport;
    this.#store = store;
    this.#clock = clock;
    this.#sessions = sessions;
  }

  now(): number {
    return this.#clock.now();
  }

  async send(method: string, role: Role, path: string, bearer: string | undefined, body: Uint8Array<ArrayBuffer>): Promise<Answer> {
    if (this.offline && this.failure !== undefined) throw this.failure;
    this.failure = undefined;
    try {
      return await this.#transport.send(method, role, path, bearer, body, this.signal);
    } catch (failure) {
      this.failure = failure as NoAnswer;
      throw failure;
    }
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#place(key).get(key);
  }

  async keys(prefix: string): Promise<string[]> {
    const [own, others] = await Promise.all([this.#store.keys(prefix), this.#sessions?.keys(prefix) ?? []]);
    // What else lies in a store of the application's is not ours.
    return [...own.filter((key) => this.#place(key) === this.#store), ...others.filter((key) => SESSION_RECORD.test(key))].sort();
  }

  async commit(puts: ReadonlyArray<readonly [string, Uint8Array]>, deletes: readonly string[]): Promise<void> {
    const sessions = this.#sessions;
    if (sessions !== undefined) {
      const there = { puts: puts.filter(([key]) => SESSION_RECORD.test(key)), deletes: deletes.filter((key) => SESSION_RECORD.test(key)) };
      // First, so that what is dropped is gone before anything says so. Whatever fails after it costs a request.
      if (there.puts.length + there.deletes.length > 0) await sessions.commit(there, await sessions.version());
      puts = puts.filter(([key]) => !SESSION_RECORD.test(key));
      deletes = deletes.filter((key) => !SESSION_RECORD.test(key));
      if (puts.length + deletes.length === 0) return;
    }
    this.version = await this.#store.commit({ puts, deletes }, this.version);
  }

  #place(key: string): StateStore {
    return this.#sessions !== undefined && SESSION_RECORD.test(key) ? this.#sessions : this.#store;
  }
}
