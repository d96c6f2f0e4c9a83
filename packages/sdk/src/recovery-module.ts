/** The cryptography of a password, in this thread. The WebAssembly comes along with this module: import it on demand. */
import { Attempt, checkStrength } from "./generated/recovery.js";

/** What a registration gives. */
export interface Registered {
  readonly upload: Uint8Array;
  readonly exportKey: Uint8Array;
}

/** What a login gives. */
export interface LoggedIn {
  readonly ke3: Uint8Array;
  readonly exportKey: Uint8Array;
}

/** A password on its way through both servers, one at a time. */
export class LocalRecovery {
  #attempt: Attempt | undefined;

  get #current(): Attempt {
    if (this.#attempt === undefined) throw new Error("no password was typed");
    return this.#attempt;
  }

  /** Refuses a password that is too easy to guess. */
  async check(typed: string, forbidden: string[]): Promise<void> {
    checkStrength(typed, forbidden);
  }

  /** Begins with what was typed; gives what the key server evaluates. */
  async begin(typed: string, account: Uint8Array): Promise<Uint8Array> {
    await this.end();
    this.#attempt = new Attempt(typed, account);
    return this.#attempt.blinded();
  }

  async harden(answer: Uint8Array, oprfKey: Uint8Array): Promise<void> {
    this.#current.harden(answer, oprfKey);
  }

  async register(): Promise<Uint8Array> {
    return this.#current.register();
  }

  async finishRegistration(answer: Uint8Array, record: Uint8Array, vault: Uint8Array, vaultKey: Uint8Array): Promise<Registered> {
    return this.#current.finishRegistration(answer, record, vault, vaultKey) as Registered;
  }

  async logIn(): Promise<Uint8Array> {
    return this.#current.logIn();
  }

  async finishLogIn(ke2: Uint8Array, record: Uint8Array, vault: Uint8Array, vaultKey: Uint8Array): Promise<LoggedIn> {
    return this.#current.finishLogIn(ke2, record, vault, vaultKey) as LoggedIn;
  }

  /** Erases the attempt. */
  async end(): Promise<void> {
    this.#attempt?.free();
    this.#attempt = undefined;
  }
}
