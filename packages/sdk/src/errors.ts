import { retryableCodes, type ErrorCode } from "./codes.js";

/** What comes with the answer of a server, if one was given. */
export interface AnswerDetails {
  /** HTTP status. */
  readonly status?: number;
  /** More about this occurrence. */
  readonly detail?: string;
  /** For a refused statement: the code of the rule. */
  readonly refusal?: string;
  /** Finds this occurrence in the server's log. */
  readonly id?: string;
  /** Seconds to wait before the next attempt. */
  readonly retryAfter?: number;
}

/** What comes with a recovery code that was not copied correctly. */
export interface BadRecoveryCodeDetails {
  /** The group to look at, counted from 1; 0 when it is more than one, or the code is too short or too long. */
  readonly group: number;
}

/** What comes with a password that is too easy to guess. */
export interface WeakPasswordDetails {
  readonly reason: "too_short" | "repetitive" | "sequence" | "common" | "contains_name";
}

/** Every detail that there is: those that an error does not have are `undefined`. */
type Details<D> = D & { readonly [K in Exclude<keyof AnswerDetails | keyof BadRecoveryCodeDetails | keyof WeakPasswordDetails, keyof D>]?: undefined };

/** What comes with an error beside its code. */
export type ErrorDetails<C extends ErrorCode = ErrorCode> = C extends "bad_recovery_code"
  ? Details<BadRecoveryCodeDetails>
  : C extends "weak_password"
    ? Details<WeakPasswordDetails>
    : Details<AnswerDetails>;

/** An error with one code, or one of several. */
export class WardsealErrorOf<C extends ErrorCode> extends Error {
  override readonly name = "WardsealError";
  /** What went wrong. It does not change between versions. */
  readonly code: C;
  /** What comes with it: which, follows from the code. */
  readonly details: ErrorDetails<C>;

  /** `message` says in one sentence what happened and what to do. */
  constructor(code: C, message: string, details?: ErrorDetails<C>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details ?? ({} as ErrorDetails<C>);
  }

  /** Whether the same call can succeed later without anything being changed. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }

  /** Seconds to wait before the next attempt, if the server said so. */
  get retryAfter(): number | undefined {
    return this.details.retryAfter;
  }

  /** Its page in the book. */
  get help(): string {
    return `errors/${this.code}.html`;
  }
}

/**
 * Everything that this SDK throws, except for what an `AbortSignal` says: a union that `code` tells apart. `message` says
 * in English what happened and what to do, `help` is the path of a page in the book with more.
 */
export type WardsealError<C extends ErrorCode = ErrorCode> = C extends ErrorCode ? WardsealErrorOf<C> : never;

/** The class of {@link WardsealError}, for `instanceof`. */
export const WardsealError = WardsealErrorOf as unknown as {
  new <C extends ErrorCode>(code: C, message: string, details?: ErrorDetails<C>, cause?: unknown): WardsealError<C>;
  readonly prototype: WardsealError;
};

/** What the WebAssembly throws: a plain object with a code, and with details. */
interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

function isFailure(thrown: unknown): thrown is Failure {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown && !(thrown instanceof Error);
}

/** The `WardsealError` for whatever was thrown. What an `AbortSignal` said stays as it is. */
export function toError(thrown: unknown, signal?: AbortSignal): Error {
  if (thrown instanceof WardsealErrorOf || (signal?.aborted && thrown === signal.reason)) return thrown as Error;
  if (isFailure(thrown)) {
    const { code, message, ...details } = thrown;
    return new WardsealErrorOf(code, message, details as ErrorDetails);
  }
  if (thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "TimeoutError")) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new WardsealErrorOf("internal", `the SDK made a mistake, report it please: ${message}`, {}, thrown);
}

/** Runs `work` and turns what it throws into a `WardsealError`. */
export async function guarded<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toError(thrown, signal);
  }
}

export function invalid(message: string): WardsealError {
  return new WardsealError("invalid", message);
}
