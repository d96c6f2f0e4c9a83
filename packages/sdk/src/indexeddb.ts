import { WardsealError } from "./errors.js";
import { StoreConflict, type StateStore } from "./store.js";

const RECORDS = "records";
const META = "meta";
const VERSION = "version";
const WRAPPED = "state-key";

/** The state key as it is kept: sealed by a key that the browser uses but does not give away. */
interface WrappedKey {
  readonly wrapping: CryptoKey;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly sealed: ArrayBuffer;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error ?? new Error("IndexedDB failed"));
    transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB gave up: the disk may be full"));
  });
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(RECORDS);
    request.result.createObjectStore(META);
  };
  return done(request);
}

async function wrap(): Promise<WrappedKey> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new WardsealError("store", "IndexedDB needs WebCrypto, which a page has over https and on localhost only");
  }
  // Not extractable: a script can use it while it runs in this page, and cannot take it away.
  const wrapping = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, wrapping, secret);
  secret.fill(0);
  return { wrapping, nonce, sealed };
}

/**
 * A store in IndexedDB, for a browser. The state key is sealed by a WebCrypto key that cannot be exported, so a copy of
 * the database is of no use elsewhere. Several tabs may use it at once.
 */
export function indexedDbStore(name: string): StateStore {
  const databaseName = `wardseal/${name}`;
  let opened: Promise<IDBDatabase> | undefined;
  const database = (): Promise<IDBDatabase> => (opened ??= openDatabase(databaseName));

  const read = async <T>(store: string, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const transaction = (await database()).transaction(store, "readonly");
    return done(ask(transaction.objectStore(store)));
  };

  const store: StateStore = {
    async stateKey() {
      let kept = await read<WrappedKey | undefined>(META, (meta) => meta.get(WRAPPED));
      if (kept === undefined) {
        const fresh = await wrap();
        // Another tab may have been faster: what is there stays.
        const transaction = (await database()).transaction(META, "readwrite");
        const meta = transaction.objectStore(META);
        kept = await done<WrappedKey | undefined>(meta.get(WRAPPED));
        if (kept === undefined) {
          meta.put(fresh, WRAPPED);
          kept = fresh;
        }
        await committed(transaction);
      }
      const key = await crypto.subtle.decrypt({ name: "AES-GCM", iv: kept.nonce }, kept.wrapping, kept.sealed);
      return new Uint8Array(key);
    },

    get: (key) => read<Uint8Array | undefined>(RECORDS, (records) => records.get(key)),

    async keys(prefix) {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      return (await read(RECORDS, (records) => records.getAllKeys(range))) as string[];
    },

    version: async () => (await read<number | undefined>(META, (meta) => meta.get(VERSION))) ?? 0,

    async commit(changes, after) {
      const transaction = (await database()).transaction([RECORDS, META], "readwrite");
      const meta = transaction.objectStore(META);
      const finished = committed(transaction);
      const version = (await done<number | undefined>(meta.get(VERSION))) ?? 0;
      if (version !== after) {
        finished.catch(() => undefined);
        transaction.abort();
        throw new StoreConflict();
      }
      const records = transaction.objectStore(RECORDS);
      for (const key of changes.deletes) records.delete(key);
      for (const [key, record] of changes.puts) records.put(record, key);
      meta.put(version + 1, VERSION);
      await finished;
      return version + 1;
    },

    async close() {
      const waiting = opened;
      opened = undefined;
      (await waiting)?.close();
    },
  };
  // Without Web Locks two tabs are told apart by the version alone: the slower one has to try again.
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks !== undefined) {
    store.exclusive = <T>(work: () => Promise<T>): Promise<T> => locks.request(databaseName, work) as Promise<T>;
  }
  return store;
}
