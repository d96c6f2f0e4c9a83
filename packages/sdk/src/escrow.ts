import type { CallOptions } from "./calls.js";
import type { ClientState } from "./client.js";

/**
 * What a recipient who has no keys yet must show beside the name. `verified`: a code that the key server mails to an address.
 * `code`: a code that the sender tells him. `confirmed`: nothing releases it, a member lets him in after comparing the number of
 * his group. `assigned`: nothing, where the tenant takes part in it.
 */
export type Policy = "verified" | "code" | "confirmed" | "assigned";

/** A grant to somebody who has no keys yet. */
export interface NewPending {
  /** The name by which the application will call him, a person or a group. */
  readonly name: string;
  readonly policy: Policy;
  /** What he may do. By default `read`. */
  readonly right?: "read" | "share";
  /** Days until what nobody has claimed is erased: 366 at most. By default 30. */
  readonly expiresInDays?: number;
  /** Where the key server sends a code: policy `verified`, and ignored by the others. */
  readonly address?: string;
  /** Policy `code`: 16 letters and digits of {@link PendingRecipient.code}, to use one for several sessions. By default drawn. */
  readonly code?: string;
  /** Language of the message with the code: two letters. */
  readonly language?: string;
  /** The group (`grp_…`) in whose name it is granted, which he is shown. */
  readonly group?: string;
}

/** Somebody who is awaited in a session, as its members know him. */
export interface PendingRecipient {
  /** `pnd_…`; what `sessions.revoke` takes too. */
  readonly id: string;
  readonly policy: Policy;
  readonly right: "read" | "share";
  /** Until when it waits, in milliseconds since 1970. */
  readonly expires: number;
  readonly address?: string;
  /** What to tell him, under the policy `code`. */
  readonly code?: string;
  readonly language?: string;
}

/** Something that waits to be claimed. */
export interface PendingSession {
  /** `pnd_…` */
  readonly id: string;
  readonly session: string;
  readonly policy: Policy;
  /** Who granted it (`usr_…`). */
  readonly sender: string;
  /** In whose name, as the sender says (`grp_…`). */
  readonly group?: string;
  /** Until when it waits, in milliseconds since 1970. */
  readonly expires: number;
  /** Where the code goes, as far as it may be shown, while it was not entered yet. */
  readonly hint?: string;
}

/** Something that was not claimed, and why. */
export interface RefusedClaim extends PendingSession {
  readonly reason: "code_required" | "sender_code_required" | "wrong_code" | "confirmation" | "expired" | "not_named" | "gone" | "damaged";
}

/** What came of claiming. */
export interface Claims {
  /** These sessions open now. */
  readonly claimed: readonly string[];
  readonly refused: readonly RefusedClaim[];
}

/** What has become of what lies in escrow. */
export interface EscrowStatus {
  /** `pnd_…` */
  readonly id: string;
  readonly session: string;
  /** The last three: the key server has erased its share, and signed that it did. */
  readonly state: "deposited" | "released" | "claimed" | "revoked" | "expired";
  /** In milliseconds since 1970. */
  readonly since: number;
  /** To whom it was released, or who claimed it. */
  readonly member?: string;
}

/** How to claim. */
export interface ClaimOptions extends CallOptions {
  /** What the sender told, under the policy `code`. */
  readonly code?: string;
  /** Called when it is known how many there are, and at the end. */
  readonly onProgress?: (done: number, whole: number) => void;
}

/** What lies in escrow for those who had no keys when it was sent. */
export class Escrow {
  readonly #state: ClientState;

  /** @internal */
  constructor(state: ClientState) {
    this.#state = state;
  }

  /** What waits for this person (`usr_…`) or a group of hers (`grp_…`). */
  pending(member: string, { signal }: CallOptions = {}): Promise<PendingSession[]> {
    return this.#state.run((core) => core.pendingSessions(member) as Promise<PendingSession[]>, signal);
  }

  /** Claims everything that waits, with one request to each party. What cannot be claimed yet is listed with the reason. */
  async claim(member: string, { code, onProgress, signal }: ClaimOptions = {}): Promise<Claims> {
    if (onProgress !== undefined) onProgress(0, (await this.pending(member, { signal })).length);
    const claims = await this.#state.run((core) => core.claim(member, code) as Promise<Claims>, signal);
    onProgress?.(claims.claimed.length, claims.claimed.length + claims.refused.length);
    return claims;
  }

  /** Has the key server mail its code (policy `verified`). It counts for everything that waits with the same address. */
  startCode(member: string, pending: string, { signal }: CallOptions = {}): Promise<{ readonly attempt: string; readonly hint: string; readonly expires: number }> {
    return this.#state.run((core) => core.startEscrowCode(member, pending) as Promise<{ attempt: string; hint: string; expires: number }>, signal);
  }

  /** Enters the code; gives for how many it counts. */
  finishCode(attempt: string, code: string, { signal }: CallOptions = {}): Promise<number> {
    return this.#state.run((core) => core.finishEscrowCode(attempt, code) as Promise<number>, signal);
  }

  /** Lets somebody in who is awaited: under `confirmed` once the number was compared, and under `assigned`. */
  complete(session: string, pending: string, member: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.completePending(session, pending, member), signal);
  }

  /** What has become of what lies in escrow in these sessions. */
  status(sessions: readonly string[], { signal }: CallOptions = {}): Promise<EscrowStatus[]> {
    return this.#state.run((core) => core.escrowStatus([...sessions]) as Promise<EscrowStatus[]>, signal);
  }
}
