/** What differs between browsers and Node, for Node. */
import { readFile } from "node:fs/promises";

import { initSync as initCore } from "./generated/core.js";

import type { Recovery } from "./recovery-client.js";
import { memoryStore, type StateStore } from "./store.js";

function module(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return readFile(new URL(`./generated/${name}_bg.wasm`, import.meta.url)) as Promise<Uint8Array<ArrayBuffer>>;
}

/** Makes the core ready. */
export async function loadCore(): Promise<void> {
  initCore({ module: await module("core") });
}

/** Node's WebCrypto computes on threads of its own: a worker would only copy. */
export function startBulkWorker(): Worker | undefined {
  return undefined;
}

/** The cryptography of passwords, loaded when it is first needed. */
export async function startRecovery(): Promise<Recovery> {
  const { initSync } = await import("./generated/recovery.js");
  initSync({ module: await module("recovery") });
  const { LocalRecovery } = await import("./recovery-module.js");
  return new LocalRecovery();
}

/** Where a client keeps its state unless the application says otherwise. */
export function defaultStore(_name: string): StateStore {
  return memoryStore();
}
