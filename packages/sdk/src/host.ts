import type { StateStore } from "./store.js";
import type { Answer, Role, Transport } from "./transport.js";

/** What the core asks of JavaScript. */
export class Host {
  readonly #transport: Transport;
  readonly #store: StateStore;
  /** The version of the store that the core knows. */
  version = 0;

  constructor(transport: Transport, store: StateStore) {
    this.#transport = transport;
    this.#store = store;
  }

  send(method: string, role: Role, path: string, bearer: string | undefined, body: Uint8Array<ArrayBuffer>): Promise<Answer> {
    return this.#transport.send(method, role, path, bearer, body);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#store.get(key);
  }

  keys(prefix: string): Promise<string[]> {
    return this.#store.keys(prefix);
  }

  async commit(puts: ReadonlyArray<readonly [string, Uint8Array]>, deletes: readonly string[]): Promise<void> {
    this.version = await this.#store.commit({ puts, deletes }, this.version);
  }
}
