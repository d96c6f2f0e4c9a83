import type { StateStore } from "./store.js";
import type { Answer, Role, Transport } from "./transport.js";

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

  send(method: string, role: Role, path: string, bearer: string | undefined, body: Uint8Array<ArrayBuffer>): Promise<Answer> {
    return this.#transport.send(method, role, path, bearer, body, this.signal);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#place(key).get(key);
  }

  async keys(prefix: string): Promise<string[]> {
    const own = await this.#store.keys(prefix);
    if (this.#sessions === undefined) return own;
    // What lies in the client's store from before is listed, so that it goes with the rest, and never read.
    const theirs = (await this.#sessions.keys(prefix)).filter((key) => SESSION_RECORD.test(key));
    return [...new Set([...own, ...theirs])].sort();
  }

  async commit(puts: ReadonlyArray<readonly [string, Uint8Array]>, deletes: readonly string[]): Promise<void> {
    const sessions = this.#sessions;
    const there = { puts: puts.filter(([key]) => this.#place(key) === sessions), deletes: deletes.filter((key) => this.#place(key) === sessions) };
    const here = { puts: puts.filter(([key]) => this.#place(key) === this.#store), deletes };
    if (here.puts.length + here.deletes.length > 0) this.version = await this.#store.commit(here, this.version);
    // What fails here can be lost.
    if (sessions !== undefined && there.puts.length + there.deletes.length > 0) await sessions.commit(there, await sessions.version());
  }

  #place(key: string): StateStore {
    return this.#sessions !== undefined && SESSION_RECORD.test(key) ? this.#sessions : this.#store;
  }
}
