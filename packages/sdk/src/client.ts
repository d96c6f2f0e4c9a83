import { invalid, toError, WardsealError } from "./errors.js";
import { Core } from "./generated/core.js";
import { Host } from "./host.js";
import type { CachePolicy, Profile } from "./profile.js";
import { StoreConflict, type StateStore } from "./store.js";
import type { Transport } from "./transport.js";

/** Sessions cached in memory for a quarter of an hour. */
const DEFAULT_CACHE: CachePolicy = { memory: 15 * 60_000 };
/** Records of who somebody is on this machine: of its own device, or until the day is over. */
const IDENTITIES = ["identity", "day"];

/** The core over a store that others may write to, one operation at a time. */
export class ClientState {
  readonly tenant: string;
  readonly #cache: CachePolicy;
  readonly #audience: string | undefined;
  readonly #store: StateStore;
  readonly #host: Host;
  #core: Core | undefined;
  #profile: Profile | undefined;
  /** Whether the identity is in memory only: then nothing of it is in the store. */
  #unlocked = false;
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(tenant: string, cache: CachePolicy | undefined, audience: string | undefined, transport: Transport, store: StateStore) {
    this.tenant = tenant;
    this.#cache = cache ?? DEFAULT_CACHE;
    this.#audience = audience;
    this.#store = store;
    this.#host = new Host(transport, store);
  }

  static async open(
    tenant: string,
    cache: CachePolicy | undefined,
    audience: string | undefined,
    transport: Transport,
    store: StateStore,
  ): Promise<ClientState> {
    const state = new ClientState(tenant, cache, audience, transport, store);
    await state.run(async () => undefined);
    return state;
  }

  get profile(): Profile | undefined {
    return this.#profile;
  }

  /** Runs an operation when it is its turn, with what others have written meanwhile taken in. */
  run<T>(work: (core: Core) => Promise<T>): Promise<T> {
    const turn = async (): Promise<T> => {
      try {
        return await work(await this.#current());
      } catch (thrown) {
        throw toError(thrown instanceof StoreConflict ? { code: "store", message: thrown.message } : thrown);
      } finally {
        await this.#learnProfile();
      }
    };
    const exclusive = this.#store.exclusive?.bind(this.#store);
    const next = this.#last.then(() => (exclusive === undefined ? turn() : exclusive(turn)));
    this.#last = next.catch(() => undefined);
    return next;
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

  async close(): Promise<void> {
    await this.#last;
    this.#closed = true;
    this.#core?.free();
    this.#core = undefined;
    await this.#store.close?.();
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

function ttlOf(cache: CachePolicy): [kind: string, ttl: number] {
  const [kind, ttl] = cache === "off" ? ["off", 0] : "memory" in cache ? ["memory", cache.memory] : ["persistent", cache.persistent];
  if (!Number.isSafeInteger(ttl) || ttl < 0) throw invalid("a time to live is a whole number of milliseconds");
  return [kind, ttl];
}
