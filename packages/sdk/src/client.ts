import { orAborted } from "./calls.js";
import { invalid, toError, WardsealError } from "./errors.js";
import { Core } from "./generated/core.js";
import { Host, type Clock } from "./host.js";
import type { CachePolicy, Profile } from "./profile.js";
import { StoreConflict, type StateStore } from "./store.js";
import { isNoAnswer, type Answer, type NoAnswer, type Transport } from "./transport.js";

/** Sessions cached in memory for a quarter of an hour. */
const DEFAULT_CACHE: CachePolicy = { memory: 15 * 60_000 };
/** Records of who somebody is on this machine: of its own device, or until the day is over. */
const IDENTITIES = ["identity", "day"];

/** How a client is opened. */
export interface Setting {
  readonly tenant: string;
  readonly cache: CachePolicy | undefined;
  readonly audience: string | undefined;
  readonly clock: Clock | undefined;
  readonly transport: Transport;
  readonly store: StateStore;
}

/** Something that needs keys. */
interface Waiting {
  readonly signal: AbortSignal | undefined;
  /** Does it; gives what tells the caller. */
  readonly work: (core: Core) => Promise<() => void>;
  readonly fail: (error: unknown) => void;
}

/** So many are prepared at once: sessions and authors are at most as many as one request may name. */
const AT_ONCE = 500;

/** The core over a store that others may write to, one operation at a time. */
export class ClientState {
  readonly tenant: string;
  readonly #cache: CachePolicy;
  readonly #audience: string | undefined;
  readonly #store: StateStore;
  readonly #sessions: StateStore | undefined;
  readonly #host: Host;
  readonly #transport: Transport;
  readonly clock: Clock;
  #core: Core | undefined;
  #profile: Profile | undefined;
  /** Whether the identity is in memory only: then nothing of it is in the store. */
  #unlocked = false;
  readonly #closing = new AbortController();
  #closed = false;
  /** What waits for keys, and what is being read to know which. */
  #waiting: Waiting[] = [];
  readonly #reading = new Set<Promise<unknown>>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor({ tenant, cache = DEFAULT_CACHE, audience, clock = Date, transport, store }: Setting) {
    this.tenant = tenant;
    this.#cache = cache;
    this.#audience = audience;
    this.#store = store;
    this.#sessions = typeof cache === "object" && "persistent" in cache ? cache.store : undefined;
    this.clock = clock;
    this.#transport = transport;
    this.#host = new Host(transport, store, clock, this.#sessions);
  }

  static async open(setting: Setting, signal?: AbortSignal): Promise<ClientState> {
    const state = new ClientState(setting);
    await state.run(async () => undefined, signal);
    return state;
  }

  get profile(): Profile | undefined {
    return this.#profile;
  }

  /** Runs an operation when it is its turn, with what others have written meanwhile taken in. `signal` stops its requests. */
  run<T>(work: (core: Core) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = async (): Promise<T> => {
      try {
        signal?.throwIfAborted();
        this.#host.signal = signal;
        return await work(await this.#current());
      } catch (thrown) {
        // What a request that was given up has led to is not of interest.
        signal?.throwIfAborted();
        throw toError(thrown instanceof StoreConflict ? { code: "store", message: thrown.message } : thrown);
      } finally {
        this.#host.signal = undefined;
        await this.#learnProfile();
      }
    };
    const exclusive = this.#store.exclusive?.bind(this.#store);
    const next = this.#last.then(() => (exclusive === undefined ? turn() : exclusive(turn)));
    this.#last = next.catch(() => undefined);
    return orAborted(next, signal);
  }

  /** Has what will need keys next wait for this, which takes no longer than a disk does. */
  reading<T>(work: Promise<T>): Promise<T> {
    this.#reading.add(work);
    const read = (): boolean => this.#reading.delete(work);
    work.then(read, read);
    return work;
  }

  /** Runs an operation that needs keys when its turn comes, together with all that wait then: they get theirs by one request. */
  withKeys<T>(work: (core: Core) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const done = new Promise<T>((resolve, fail) => {
      const working = async (core: Core): Promise<() => void> => {
        const value = await work(core);
        return () => resolve(value);
      };
      this.#waiting.push({ signal, work: working, fail });
      if (this.#waiting.length === 1) this.#prepare();
    });
    return orAborted(done, signal);
  }

  #prepare(): void {
    const stop = new AbortController();
    const turn = async (core: Core): Promise<(() => void)[]> => {
      await Promise.allSettled(this.#reading);
      const batch = this.#waiting.splice(0, AT_ONCE).filter(({ signal }) => !signal?.aborted);
      if (this.#waiting.length > 0) this.#prepare();
      const ended = new AbortController();
      for (const { signal } of batch) {
        const abort = (): void => {
          if (batch.every((other) => other.signal?.aborted)) stop.abort();
        };
        signal?.addEventListener("abort", abort, { signal: ended.signal });
      }
      // Begun at once: the core asks for what all of them lack.
      const told = await Promise.all(batch.map(({ work, fail, signal }) => work(core).catch((error: unknown) => () => fail(toError(error, signal)))));
      ended.abort();
      return told;
    };
    const unable = (error: unknown): void => {
      if (stop.signal.aborted) return;
      // Nothing was begun: the store cannot be read, or this was closed.
      for (const { fail } of this.#waiting.splice(0)) fail(error);
    };
    this.run(turn, stop.signal).then((told) => {
      for (const tell of told) tell();
    }, unable);
  }

  /** Marks the identity as one that is in memory only. */
  setUnlocked(unlocked: boolean): void {
    this.#unlocked = unlocked;
  }

  /** Refuses when somebody signed in through another tab, while this one is unlocked. */
  async refuseIdentity(): Promise<void> {
    if (!this.#unlocked) return;
    for (const record of IDENTITIES) {
      if ((await this.#store.get(record)) === undefined) continue;
      throw new WardsealError("identity_exists", "somebody is signed in on this machine already, in another tab: sign out there first");
    }
  }

  /** Aborted when this is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Posts to the key server, outside of any turn. */
  async send(path: string, bearer: string, body: Uint8Array<ArrayBuffer>, signal: AbortSignal, patience: number): Promise<Answer> {
    try {
      return await this.#transport.send("POST", "keys", path, bearer, body, signal, patience);
    } catch (thrown) {
      throw isNoAnswer(thrown) ? noConnection(thrown) : thrown;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
    this.#closed = true;
    this.#core?.free();
    this.#core = undefined;
    await Promise.all([this.#store.close?.(), this.#sessions?.close?.()]);
  }

  async #current(): Promise<Core> {
    if (this.#closed) throw invalid("this client was closed");
    const version = await this.#store.version();
    if (this.#core !== undefined && version === this.#host.version) return this.#core;
    this.#host.version = version;
    // What is unlocked lives in memory alone, and writes nothing that others could have written.
    if (this.#core !== undefined && this.#unlocked) return this.#core;
    this.#core?.free();
    this.#core = undefined;
    const [kind, ttl] = ttlOf(this.#cache);
    const key = await this.#store.stateKey();
    this.#core = await Core.open(this.#host, key, this.tenant, kind, BigInt(ttl), this.#audience);
    key.fill(0);
    return this.#core;
  }

  async #learnProfile(): Promise<void> {
    if (this.#core !== undefined) this.#profile = (await this.#core.profile()) as Profile | undefined;
  }
}

/** What the core would say of it. */
function noConnection({ kind, server }: NoAnswer): WardsealError {
  const code = kind === "too_large" ? "answer_too_large" : kind;
  return new WardsealError(code, `no answer of the server at ${server}: check the address and the network, then try again`);
}

function ttlOf(cache: CachePolicy): [kind: string, ttl: number] {
  const [kind, ttl] = cache === "off" ? ["off", 0] : "memory" in cache ? ["memory", cache.memory] : ["persistent", cache.persistent];
  if (!Number.isSafeInteger(ttl) || ttl < 0) throw invalid("a time to live is a whole number of milliseconds");
  return [kind, ttl];
}
