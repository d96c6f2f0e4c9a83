/** Asks for the password; resolves when the keys behind it are in memory, rejects when nobody gave it. */
type Ask = () => Promise<void>;

let ask: Ask | undefined;
let asking: Promise<void> | undefined;

/** Says how the password is asked for. Gives the way to take that back. */
export function onPasswordNeeded(how: Ask): () => void {
  ask = how;
  return () => {
    if (ask === how) ask = undefined;
  };
}

/** Whether something failed because a shared computer keeps less than the password opens. */
export function needsPassword(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "password_needed";
}

/**
 * Does something that may need more than what a shared computer keeps for the day: then the password is asked for, once
 * for all that wait, and it is done again. When nobody types it, it fails as it did.
 */
export async function withPassword<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!needsPassword(error) || ask === undefined) throw error;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    try {
      await asking;
    } catch {
      throw error;
    }
    return work();
  }
}
