import { startRecovery } from "#platform";

import { guarded } from "./errors.js";

/**
 * Refuses, with `weak_password` and the reason, a password that `setPassword` would refuse: to be told while somebody
 * types. Nothing is sent.
 */
export function checkPassword(typed: string, forbidden: readonly string[] = []): Promise<void> {
  return guarded(async () => {
    const recovery = await startRecovery();
    try {
      await recovery.check(typed, [...forbidden]);
    } finally {
      await recovery.end();
    }
  });
}
