import { WardsealError, toError } from "./errors.js";

/** What every call takes that asks a server. */
export interface CallOptions {
  /**
   * Stops waiting: the call throws the signal's reason at once, and its request is given up. What the server had done by
   * then stays done; the same call can be made again.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What became of one of many. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WardsealError };

/** What becomes of one of many. What an `AbortSignal` says ends them all. */
export async function settle<T>(work: Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (error instanceof WardsealError) return { ok: false, error };
    throw error;
  }
}

/** The same, unless the signal is faster. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** What became of each of many, as the core says it. */
export function results<T>(given: unknown): Result<T>[] {
  return (given as { readonly value?: T; readonly error?: unknown }[]).map((each) =>
    "error" in each ? { ok: false, error: toError(each.error) as WardsealError } : { ok: true, value: each.value as T },
  );
}

/** The one result that there is. */
export function first<T>([result]: Result<T>[]): T {
  if (result?.ok) return result.value;
  throw result?.error ?? toError("nothing became of it");
}
