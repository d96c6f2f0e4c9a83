import type { CallOptions } from "./calls.js";
import type { ClientState } from "./client.js";
import { WardsealError, toError } from "./errors.js";
import { Heard } from "./generated/core.js";

/** Something that has changed: its keys are dropped when this is given. */
export interface Change {
  readonly kind: "session" | "group" | "user";
  /** `ses_…`, `grp_…` or `usr_…` */
  readonly id: string;
}

/** Milliseconds for which an answer is waited for. The server gives one after half a minute at the latest. */
const PATIENCE = 60_000;
/** Milliseconds before the next attempt: twice as long after each that failed, up to half a minute. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", go);
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    signal.addEventListener("abort", go, { once: true });
  });
}

/** Whether the next attempt may be answered: there was no connection, or not to our server. */
function passes(error: Error): error is WardsealError {
  return error instanceof WardsealError && (error.retryable || error.code === "bad_answer");
}

/** What changes, from now on. It waits outside of the client's turns, which go on meanwhile. */
export async function* changesOf(state: ClientState, { signal }: CallOptions): AsyncGenerator<Change, void, undefined> {
  const ends = signal === undefined ? state.closing : AbortSignal.any([signal, state.closing]);
  let heard = new Heard();
  for (let failed = 0; ; ) {
    let changes: Change[] = [];
    try {
      const begun = (await state.run((core) => core.watchBegin(heard), ends)) as { path: string; bearer: string; body: Uint8Array<ArrayBuffer> };
      const answer = await state.send(begun.path, begun.bearer, begun.body, ends, PATIENCE);
      const news = (await state.run((core) => core.watchEnd(heard, answer.status, answer.body), ends)) as { heard: Heard; changes: Change[] };
      heard.free();
      ({ heard, changes } = news);
      failed = 0;
    } catch (thrown) {
      signal?.throwIfAborted();
      if (state.closing.aborted) return;
      const error = toError(thrown);
      if (!passes(error)) throw error;
      await pause(Math.max((error.retryAfter ?? 0) * 1000, Math.min(FIRST_PAUSE * 2 ** failed++, LONGEST_PAUSE)), ends);
    }
    yield* changes;
  }
}
