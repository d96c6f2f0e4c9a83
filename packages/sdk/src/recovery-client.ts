import type { LocalRecovery } from "./recovery-module.js";

/** The steps of a password, wherever they are computed. */
export type Recovery = Pick<LocalRecovery, keyof LocalRecovery>;

/** What the page asks of the worker. */
export interface RecoveryRequest {
  readonly id: number;
  readonly step: keyof LocalRecovery;
  readonly given: readonly unknown[];
}

/** What the worker answers. */
export interface RecoveryAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly thrown?: unknown;
}

/** The steps of a password, in a worker that ends with them. */
export function recoveryInWorker(worker: Worker): Recovery {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: unknown) => void }>();
  let next = 0;
  worker.onmessage = ({ data }: MessageEvent<RecoveryAnswer>) => {
    const caller = waiting.get(data.id);
    waiting.delete(data.id);
    if ("thrown" in data) caller?.reject(data.thrown);
    else caller?.resolve(data.value as never);
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(`the worker for passwords has ended: ${event.message}`));
    waiting.clear();
  };
  const ask = <T>(step: keyof LocalRecovery, ...given: unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, step, given } satisfies RecoveryRequest);
    });
  return {
    check: (...given) => ask("check", ...given),
    begin: (...given) => ask("begin", ...given),
    harden: (...given) => ask("harden", ...given),
    register: () => ask("register"),
    finishRegistration: (...given) => ask("finishRegistration", ...given),
    logIn: () => ask("logIn"),
    finishLogIn: (...given) => ask("finishLogIn", ...given),
    end: async () => worker.terminate(),
  };
}
