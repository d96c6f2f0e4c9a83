/** A worker for passwords: hashing one takes a while and 64 MiB, and the page must not freeze. */
import initRecovery from "./generated/recovery.js";

import type { RecoveryAnswer, RecoveryRequest } from "./recovery-client.js";
import { LocalRecovery } from "./recovery-module.js";

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<RecoveryRequest>) => void) | null;
  postMessage(answer: RecoveryAnswer): void;
}

const scope = globalThis as unknown as Scope;
const recovery = new LocalRecovery();
const ready = initRecovery();

async function answer({ id, step, given }: RecoveryRequest): Promise<RecoveryAnswer> {
  try {
    await ready;
    const work = recovery[step] as (...given: readonly unknown[]) => Promise<unknown>;
    return { id, value: await work.call(recovery, ...given) };
  } catch (thrown) {
    // Plain objects cross the border as they are, errors as their message.
    return { id, thrown: thrown instanceof Error ? thrown.message : thrown };
  }
}

scope.onmessage = async ({ data }) => scope.postMessage(await answer(data));
