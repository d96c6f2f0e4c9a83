/** A letter that a server sent. */
export interface Letter {
  /** Where it went. */
  readonly to: string;
  /** Its language (ISO 639-1). */
  readonly language: string;
  /** What it is about, such as `recovery_code`. */
  readonly kind: string;
  readonly subject: string;
  readonly text: string;
  /** The code in it, if there is one. */
  readonly code: string | null;
}

/** Everybody's mailbox: nothing is sent anywhere. */
export class Mailbox {
  /** Every letter, the oldest first. */
  readonly letters: Letter[] = [];

  /** The newest code that went to an address. */
  code(address: string): string {
    const found = this.letters.findLast(({ to, code }) => to === address && code !== null);
    if (found?.code == null) throw new Error(`no letter with a code went to ${address}`);
    return found.code;
  }
}
