import { LOADING, asError, ready, type Lookup, type State } from "./state.js";

/** How a resource is looked up, and let go of. */
export interface Work<T> {
  /** `previous` is what was known. */
  load(signal: AbortSignal, previous: T | undefined): Promise<T>;
  /** Is told when the first component wants it, and when the last one has gone. */
  used?(used: boolean): void;
  /** Is given what is not needed any more. */
  release?(data: T): void;
}

/**
 * Something that is looked up while components want it, once however many they are. When the last has gone, the request
 * is given up and what was known is forgotten.
 */
export class Resource<T> {
  readonly #work: Work<T>;
  readonly #listeners = new Set<() => void>();
  #snapshot: Lookup<T>;
  #running: AbortController | undefined;

  constructor(work: Work<T>) {
    this.#work = work;
    this.#snapshot = { ...(LOADING as State<T>), reload: this.reload } as Lookup<T>;
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1 && this.#running === undefined && this.#snapshot.status === "loading") {
      this.#work.used?.(true);
      this.reload();
    }
    return () => {
      this.#listeners.delete(listener);
      // Not at once: StrictMode, and a list that is drawn anew, come back in the same turn.
      queueMicrotask(() => this.#listeners.size === 0 && this.#stop());
    };
  };

  readonly snapshot = (): Lookup<T> => this.#snapshot;

  /** Looks it up again, if anybody wants it. An answer that is still under way may be old, and is not waited for. */
  readonly reload = (): void => {
    if (this.#listeners.size === 0) return;
    this.#running?.abort();
    const controller = new AbortController();
    this.#running = controller;
    this.#load(controller.signal).then(
      (state) => {
        if (this.#running !== controller) {
          if (state.status === "ready" && state.data !== this.#snapshot.data) this.#work.release?.(state.data);
          return;
        }
        this.#running = undefined;
        this.#set(state);
      },
      () => undefined,
    );
  };

  async #load(signal: AbortSignal): Promise<State<T>> {
    const previous = this.#snapshot.data;
    try {
      return ready(await this.#work.load(signal, previous));
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asError(thrown);
      return { status: "error", data: error.retryable ? previous : undefined, error };
    }
  }

  #set(state: State<T>): void {
    const before = this.#snapshot;
    if (before.status === "ready" && state.status === "ready" && before.data === state.data) return;
    this.#snapshot = { ...state, reload: this.reload };
    if (before.data !== undefined && before.data !== state.data) this.#work.release?.(before.data);
    for (const listener of this.#listeners) listener();
  }

  #stop(): void {
    // Twice, when two have gone in the same turn.
    if (this.#running === undefined && this.#snapshot.status === "loading") return;
    this.#running?.abort();
    this.#running = undefined;
    this.#set(LOADING);
    this.#work.used?.(false);
  }
}
