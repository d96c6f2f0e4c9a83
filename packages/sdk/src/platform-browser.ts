/** What differs between browsers and Node, for browsers. Bundlers understand each `new URL`. */
import initCore from "./generated/core.js";

import { indexedDbStore } from "./indexeddb.js";
import { recoveryInWorker, type Recovery } from "./recovery-client.js";
import { memoryStore, type StateStore } from "./store.js";

/** Makes the core ready. */
export async function loadCore(): Promise<void> {
  await initCore();
}

/** The worker for AES; `undefined` where there are no workers. */
export function startBulkWorker(): Worker | undefined {
  try {
    return new Worker(new URL("./bulk-worker.js", import.meta.url), { type: "module" });
  } catch {
    return undefined;
  }
}

/** The cryptography of passwords. */
export async function startRecovery(): Promise<Recovery> {
  return recoveryInWorker(new Worker(new URL("./recovery-worker.js", import.meta.url), { type: "module" }));
}

/** Where a client keeps its state unless the application says otherwise. */
export function defaultStore(name: string): StateStore {
  return globalThis.indexedDB === undefined ? memoryStore() : indexedDbStore(name);
}
