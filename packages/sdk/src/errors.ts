import { retryableCodes, type ErrorCode } from "./codes.js";

/** What comes with an error beside its code. */
export interface ErrorDetails {
  /** For a refusal of the server: HTTP status. */
  readonly status?: number;
  /** For a refusal of the server: more about this occurrence. */
  readonly detail?: string;
  /** For a refused statement: the code of the rule. */
  readonly refusal?: string;
  /** For a refusal of the server: finds this occurrence in the server's log. */
  readonly id?: string;
  /** Seconds to wait before the next attempt. */
  readonly retryAfter?: number;
  /** For a recovery code that was not copied correctly: the group to look at, counted from 1. */
  readonly group?: number;
  /** For a weak password: why. */
  readonly reason?: "too_short" | "repetitive" | "sequence" | "common" | "contains_name";
}

/**
 * Everything that this SDK throws, except for what an `AbortSignal` says. `code` is stable between versions; `message`
 * says in English what happened and what to do.
 */
export class WardsealError extends Error {
  override readonly name = "WardsealError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  /** Whether the same call can succeed later without anything being changed. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }

  /** Seconds to wait before the next attempt, if the server said so. */
  get retryAfter(): number | undefined {
    return this.details.retryAfter;
  }
}

/** What the WebAssembly throws: a plain object with a code. */
interface Failure extends ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
}

function isFailure(thrown: unknown): thrown is Failure {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown && !(thrown instanceof Error);
}

/** The `WardsealError` for whatever was thrown. What an `AbortSignal` said stays as it is. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof WardsealError) return thrown;
  if (isFailure(thrown)) {
    const { code, message, ...details } = thrown;
    return new WardsealError(code, message, details);
  }
  if (thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "TimeoutError")) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new WardsealError("internal", `the SDK made a mistake: ${message}`, {}, thrown);
}

/** Runs `work` and turns what it throws into a `WardsealError`. */
export async function guarded<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toError(thrown);
  }
}

export function invalid(message: string): WardsealError {
  return new WardsealError("invalid", message);
}
