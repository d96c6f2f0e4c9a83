/** Changes to a store, made at once or not at all. */
export interface Changes {
  readonly puts: ReadonlyArray<readonly [key: string, record: Uint8Array]>;
  readonly deletes: readonly string[];
}

/** Thrown by {@link StateStore.commit} when somebody else has committed meanwhile. */
export class StoreConflict extends Error {
  override readonly name = "StoreConflict";

  constructor() {
    super("another tab or process has written to the store: try again");
  }
}

/**
 * Keeps records under keys. The records are sealed already; only {@link StateStore.stateKey} is a secret.
 *
 * A store that two tabs or processes share counts its commits and refuses one that was prepared before the last.
 */
export interface StateStore {
  /** 32 secret bytes, drawn once and the same ever since. */
  stateKey(): Promise<Uint8Array>;
  /** The record under a key. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** All keys that begin with `prefix`, ascending. */
  keys(prefix: string): Promise<string[]>;
  /** How many commits there were, by anybody. */
  version(): Promise<number>;
  /** Makes all changes or none, and gives the new version. Throws {@link StoreConflict} unless the version is still `after`. */
  commit(changes: Changes, after: number): Promise<number>;
  /** Runs `work` while nobody else who shares the store runs any. A store without it is guarded by versions alone. */
  exclusive?<T>(work: () => Promise<T>): Promise<T>;
  /** Lets go of files and connections. */
  close?(): Promise<void>;
}

/** Keys as a store gives them: by code units, ascending. */
export function keysWith(keys: Iterable<string>, prefix: string): string[] {
  return [...keys].filter((key) => key.startsWith(prefix)).sort();
}

/** Applies changes to records in memory. */
export function apply(records: Map<string, Uint8Array>, changes: Changes): void {
  for (const key of changes.deletes) records.delete(key);
  for (const [key, record] of changes.puts) records.set(key, record);
}

/** A store that forgets everything when the page or process ends. */
export function memoryStore(): StateStore {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const records = new Map<string, Uint8Array>();
  let version = 0;
  return {
    stateKey: async () => key.slice(),
    get: async (name) => records.get(name)?.slice(),
    keys: async (prefix) => keysWith(records.keys(), prefix),
    version: async () => version,
    commit: async (changes, after) => {
      if (after !== version) throw new StoreConflict();
      apply(records, changes);
      return ++version;
    },
  };
}
