/** Ways back in: what a person sets up while signed in, and what somebody does who has lost the password. */
import type { CallOptions } from "./calls.js";
import type { ClientState } from "./client.js";
import { invalid } from "./errors.js";
import { recoveryTag, type Core } from "./generated/core.js";
import { makePasskey } from "./passkey.js";
import { setPassword } from "./passwords.js";

/** A way back in. The password is one: it opens the person from any machine. */
export type RecoveryKind = "password" | "code" | "passkey" | "mail" | "organisation";

/** A recovery method in force. */
export interface RecoveryMethod {
  readonly kind: RecoveryKind;
  /** The method as a device of the person (`dev_…`): what is removed is named by it. */
  readonly device: string;
  /** Its record at the vault, base64url. */
  readonly record: string;
  /** Mail: hours between the code and the release. */
  readonly delayHours?: number;
  /** Organisation: the group (`grp_…`) whose administrators help. */
  readonly group?: string;
  /** Organisation: how many of them it takes. */
  readonly quorum?: 1 | 2;
  /** Organisation: who they are (`usr_…`). */
  readonly administrators?: readonly string[];
}

/** What was found out about a method without using it. */
export interface MethodCheck {
  readonly kind: RecoveryKind;
  readonly device: string;
  /**
   * `works`: the vault keeps the record that the person's chain names, and nothing else has changed. `missing`: it does not.
   * `outdated`: it works in part or not for everybody, set it up again. `unknown`: the vault could not be asked.
   */
  readonly state: "works" | "missing" | "outdated" | "unknown";
  /**
   * A stable word for why it does not work: `record_missing`, `other_record`, `other_vault`, `locked`,
   * `administrators_changed`, `group_left`, `share_missing`, or the code of the error.
   */
  readonly reason?: string;
}

/** A recovery that happened. */
export interface RecoveryEvent {
  /** By which method. */
  readonly kind: RecoveryKind;
  /** When, in milliseconds since 1970, by the clock of whoever recovered. */
  readonly time: number;
  /** The device of the method. */
  readonly device: string;
  /** The device that it entered: a new password, or a machine. */
  readonly entered: string;
}

/** A recovery by mail that has begun and waits. */
export interface PendingRecovery {
  /** What {@link Recovery.veto} takes. */
  readonly attempt: string;
  /** When the code was typed, in milliseconds since 1970. */
  readonly started: number;
  /** From when on it is released, in milliseconds since 1970. */
  readonly ready: number;
}

/** The part of `navigator.credentials` that is used. */
export type Credentials = Pick<CredentialsContainer, "create" | "get">;

/** How a passkey is made. */
export interface NewPasskey extends CallOptions {
  /** For which domain: the page's own host or a registrable part of it. */
  readonly rpId: string;
  /** What the authenticator shows of the person: the name by which the application calls her. */
  readonly name: string;
  /** What the authenticator shows of the application. By default `rpId`. */
  readonly application?: string;
  /** By default `navigator.credentials`. */
  readonly credentials?: Credentials;
}

/** How a passkey is asked for. */
export interface AskPasskey extends CallOptions {
  readonly rpId: string;
  /** By default `navigator.credentials`. */
  readonly credentials?: Credentials;
}

/** Recovery by a code that the vault sends, and a share that the application's own server keeps. */
export interface MailMethod {
  /** Where the vault sends its codes. */
  readonly address: string;
  /** Hours between the code and the release, in which the person can stop it: 0 (the default) to 72. */
  readonly delayHours?: number;
  /** Language of the vault's mails. */
  readonly language: "en" | "fr" | "de";
  /** Leaves the other share at the application's own server. Both are base64url. */
  readonly depositShare: (record: string, share: string) => Promise<void>;
}

/** What the drill may ask beside the vault. */
export interface CheckOptions extends CallOptions {
  /** Asks the application's own server whether it keeps the other share of a recovery by mail. `record` is base64url. */
  readonly hasShare?: (record: string) => Promise<boolean>;
}

/** Recovery by the administrators of a group. */
export interface OrganisationMethod {
  /** The group (`grp_…`) whose administrators help. */
  readonly group: string;
  /** How many of them it takes. */
  readonly quorum: 1 | 2;
}

/** What the application's server says when it lets a recovery by mail begin. */
export interface MailStart {
  /** The token that its token key signed for the vault. */
  readonly token: string;
  /** Whom the name means (`usr_…`). */
  readonly user: string;
  /** The record of the method, base64url. */
  readonly record: string;
}

/** What an administrator's client gives to whoever asked for help, through the application. All is base64url but the identifiers. */
export interface HelpAnswer {
  readonly user: string;
  readonly record: string;
  /** The administrator (`usr_…`). */
  readonly admin: string;
  /** The administrator's share, sealed to the one who asked. */
  readonly release: string;
  /** What the vault keeps of the method. */
  readonly sealed: string;
}

/** The recovery methods of the person who is signed in. */
export class Recovery {
  readonly #state: ClientState;

  /** @internal */
  constructor(state: ClientState) {
    this.#state = state;
  }

  /** The methods in force, by the person's chain. */
  methods({ signal }: CallOptions = {}): Promise<RecoveryMethod[]> {
    return this.#state.run((core) => core.recoveryMethods() as Promise<RecoveryMethod[]>, signal);
  }

  /** Tries every method as far as that goes without its secret. */
  async check(options: CheckOptions = {}): Promise<MethodCheck[]> {
    const checks = await this.#state.run((core) => core.checkRecovery() as Promise<Array<MethodCheck & { readonly record: string }>>, options.signal);
    return Promise.all(checks.map(({ record, ...check }) => (check.kind === "mail" && check.state === "works" ? withShare(check, record, options) : check)));
  }

  /** Every recovery that happened, the latest last. */
  events({ signal }: CallOptions = {}): Promise<RecoveryEvent[]> {
    return this.#state.run((core) => core.recoveryEvents() as Promise<RecoveryEvent[]>, signal);
  }

  /** Makes a recovery code in place of the one before; gives its text, in groups of four characters, which is kept nowhere. */
  createCode({ signal }: CallOptions = {}): Promise<string> {
    return this.#state.run((core) => core.createRecoveryCode() as Promise<string>, signal);
  }

  /** Makes a passkey and adds it as a method; gives its device. */
  async addPasskey(options: NewPasskey): Promise<string> {
    const input = await this.#state.run(async (core) => core.passkeyInput(), options.signal);
    // Whoever takes long to touch a key holds up nothing else.
    const { secret } = await makePasskey(options, new Uint8Array(input));
    return this.#state.run((core) => core.addPasskey(secret) as Promise<string>, options.signal);
  }

  /** Sets recovery by mail, in place of the one before; gives its device. */
  async setMail({ address, delayHours = 0, language, depositShare }: MailMethod, { signal }: CallOptions = {}): Promise<string> {
    if (!Number.isInteger(delayHours) || delayHours < 0 || delayHours > 72) throw invalid("a delay is a whole number of hours from 0 to 72");
    const prepared = await this.#state.run((core) => core.prepareMail(address, delayHours, language), signal);
    try {
      await depositShare(prepared.record(), prepared.share());
    } catch (thrown) {
      prepared.free();
      throw thrown;
    }
    return this.#state.run((core) => core.adoptMail(prepared) as Promise<string>, signal);
  }

  /**
   * Sets recovery by the administrators of a group, in place of the one before; gives its device. It is renewed at the
   * unlock after they have changed.
   */
  setOrganisation({ group, quorum }: OrganisationMethod, { signal }: CallOptions = {}): Promise<string> {
    return this.#state.run((core) => core.setOrganisation(group, quorum) as Promise<string>, signal);
  }

  /** Removes a method, by its device. */
  remove(device: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.removeRecovery(device), signal);
  }

  /** Recoveries by mail that wait for their delay. */
  pending({ signal }: CallOptions = {}): Promise<PendingRecovery[]> {
    return this.#state.run((core) => core.waitingRecoveries() as Promise<PendingRecovery[]>, signal);
  }

  /** Stops one of them. */
  veto(attempt: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.vetoRecovery(attempt), signal);
  }

  /** As an administrator: releases our share to somebody who asked for help. Compare the {@link tag} with the person first. */
  answerHelp({ user, clientKey }: { readonly user: string; readonly clientKey: string }, { signal }: CallOptions = {}): Promise<HelpAnswer> {
    return this.#state.run((core) => core.answerHelp(user, clientKey) as Promise<HelpAnswer>, signal);
  }

  /** Six characters by which two people make sure that they mean the same request, such as `7KD-2MX`. */
  tag(clientKey: string): Promise<string> {
    return this.#state.run(async () => recoveryTag(clientKey));
  }
}

async function withShare(check: MethodCheck, record: string, { hasShare }: CheckOptions): Promise<MethodCheck> {
  if (hasShare === undefined) return check;
  try {
    return (await hasShare(record)) ? check : { ...check, state: "missing", reason: "share_missing" };
  } catch {
    return { ...check, state: "unknown", reason: "unreachable" };
  }
}

/** A recovery that is under way, as the core says it. */
interface UnderWay {
  readonly name: string;
  readonly clientKey: string;
  readonly tag: string;
  readonly mail: boolean;
  readonly ready: number | undefined;
}

interface Progress {
  readonly ready: number;
  readonly released: boolean;
}

/** A recovery that takes longer than one call. It survives a reload: {@link Wardseal.resumeRecovery}. */
abstract class LongRecovery {
  /** @internal */
  protected readonly state: ClientState;
  /** Whose, by the name that the application gave. */
  readonly name: string;
  /** What shares are sealed to, base64url. */
  readonly clientKey: string;
  /** The six characters that all sides show. */
  readonly tag: string;
  #released = false;

  /** @internal */
  constructor(state: ClientState, begun: UnderWay) {
    this.state = state;
    this.name = begun.name;
    this.clientKey = begun.clientKey;
    this.tag = begun.tag;
  }

  /** Whether everything is there for a new password. */
  get released(): boolean {
    return this.#released;
  }

  /** @internal What is open now lives in memory alone, as after an unlock. */
  protected setReleased(released: boolean): void {
    if (!released) return;
    this.#released = true;
    this.state.setUnlocked(true);
  }

  /**
   * Sets the new password, once it is released; the one before ends in the same statement. From then on the person is
   * signed in as after an unlock. `forbidden` is what is known about the person.
   */
  setPassword(password: string, forbidden: readonly string[] = [], { signal }: CallOptions = {}): Promise<void> {
    return this.state.run(async (core) => {
      await setPassword(core, password, [...forbidden]);
      // Who was kept here for the day before still is.
      if ((await core.keptUntil()) !== undefined) this.state.setUnlocked(false);
    }, signal);
  }

  /** Gives up. */
  cancel(): Promise<void> {
    return this.state.run(async (core) => {
      await core.cancelRecovery();
      if ((await core.profile()) === undefined) this.state.setUnlocked(false);
    });
  }
}

/** A recovery by mail on its way. It ends with {@link setPassword}. */
export class MailRecovery extends LongRecovery {
  readonly kind = "mail";
  #ready: number | undefined;

  /** @internal */
  constructor(state: ClientState, begun: UnderWay) {
    super(state, begun);
    this.#ready = begun.ready;
  }

  /** @internal Begins one: `start` asks the application's server for a token. */
  static async begin(state: ClientState, name: string, start: (clientKey: string) => Promise<MailStart>, signal?: AbortSignal): Promise<MailRecovery> {
    const begun = await state.run((core) => core.beginRecovery(name) as Promise<UnderWay>, signal);
    try {
      const { token, user, record } = await start(begun.clientKey);
      await state.run((core) => core.startMailRecovery(token, user, record), signal);
    } catch (thrown) {
      // What did not begin is not resumed.
      await state.run((core) => core.cancelRecovery());
      throw thrown;
    }
    return new MailRecovery(state, begun);
  }

  /** From when on the vault releases, in milliseconds since 1970; `undefined` before its code was typed. */
  get ready(): number | undefined {
    return this.#ready;
  }

  /**
   * Takes the vault's code and the share of the application's server (base64url). When it is not `released` yet, wait until
   * `ready` and {@link collect}.
   */
  finish(vaultCode: string, share: string, { signal }: CallOptions = {}): Promise<Progress> {
    return this.#step((core) => core.finishMailRecovery(vaultCode, share) as Promise<Progress>, signal);
  }

  /** Asks again after the delay. */
  collect({ signal }: CallOptions = {}): Promise<Progress> {
    return this.#step((core) => core.collectRecovery() as Promise<Progress>, signal);
  }

  #step(work: (core: Core) => Promise<Progress>, signal: AbortSignal | undefined): Promise<Progress> {
    return this.state.run(async (core) => {
      const { ready, released } = await work(core);
      this.#ready = ready;
      this.setReleased(released);
      return { ready, released };
    }, signal);
  }
}

/** A request for the help of administrators. It ends with {@link setPassword}. */
export class HelpRequest extends LongRecovery {
  readonly kind = "organisation";

  /** @internal */
  static async begin(state: ClientState, name: string, signal?: AbortSignal): Promise<HelpRequest> {
    return new HelpRequest(state, await state.run((core) => core.beginRecovery(name) as Promise<UnderWay>, signal));
  }

  /** Takes what administrators answered, all answers that there are. `false` when it takes more of them. */
  take(answers: readonly HelpAnswer[], { signal }: CallOptions = {}): Promise<boolean> {
    return this.state.run(async (core) => {
      const fields = answers.flatMap(({ user, record, admin, release, sealed }) => [user, record, admin, release, sealed]);
      const enough = await core.takeHelp(fields);
      this.setReleased(enough);
      return enough;
    }, signal);
  }
}

/** @internal The recovery that an earlier page began, if one is under way. */
export async function resume(state: ClientState): Promise<MailRecovery | HelpRequest | undefined> {
  const begun = await state.run((core) => core.recoveryUnderWay() as Promise<UnderWay | undefined>);
  if (begun === undefined) return undefined;
  return begun.mail ? new MailRecovery(state, begun) : new HelpRequest(state, begun);
}
