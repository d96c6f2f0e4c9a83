import { WardsealError } from "@wardseal/sdk";

interface Loading {
  readonly status: "loading";
  readonly data: undefined;
  readonly error: undefined;
}

interface Ready<T> {
  readonly status: "ready";
  readonly data: T;
  readonly error: undefined;
}

interface Failed<T> {
  readonly status: "error";
  /** What was there before, when the error is one that passes, such as a server that does not answer. */
  readonly data: T | undefined;
  readonly error: WardsealError;
}

/** What is known of something that is looked up. */
export type State<T> = Loading | Ready<T> | Failed<T>;

/** What a hook gives: `status` tells the cases apart. While something is looked up again, what was known stays. */
export type Lookup<T> = State<T> & {
  /** Looks it up again. It is the same function as long as the hook is asked for the same thing. */
  readonly reload: () => void;
};

export const LOADING: Loading = { status: "loading", data: undefined, error: undefined };

export function ready<T>(data: T): Ready<T> {
  return { status: "ready", data, error: undefined };
}

/** Everything that the SDK throws is a `WardsealError` but for what an `AbortSignal` says, which is nobody's business here. */
export function asError(thrown: unknown): WardsealError {
  if (thrown instanceof WardsealError) return thrown as WardsealError;
  return new WardsealError("internal", `this should not have happened, report it please: ${String(thrown)}`, {}, thrown);
}
