/** Ways back in: what a person sets up while signed in, and what somebody does who has lost the password. */

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
  /** A stable word for why it does not work: `record_missing`, `other_record`, `locked`, `administrators_changed`, `group_left`, or the code of the error. */
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
export interface NewPasskey {
  /** For which domain: the page's own host or a registrable part of it. */
  readonly rpId: string;
  /** What the authenticator shows of the person: the name by which the application calls her. */
  readonly name: string;
  /** What the authenticator shows of the application. By default `rpId`. */
  readonly application?: string;
  /** By default `navigator.credentials`. */
  readonly credentials?: Credentials;
  readonly signal?: AbortSignal;
}

/** How a passkey is asked for. */
export interface AskPasskey {
  readonly rpId: string;
  /** By default `navigator.credentials`. */
  readonly credentials?: Credentials;
  readonly signal?: AbortSignal;
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
export interface Recovery {
  /** The methods in force, by the person's chain. */
  methods(): Promise<RecoveryMethod[]>;
  /** Tries every method as far as that goes without its secret. */
  check(): Promise<MethodCheck[]>;
  /** Every recovery that happened, the latest last. */
  events(): Promise<RecoveryEvent[]>;
  /** Makes a recovery code in place of the one before; gives its text, in groups of four characters, which is kept nowhere. */
  createCode(): Promise<string>;
  /** Makes a passkey and adds it as a method; gives its device. */
  addPasskey(options: NewPasskey): Promise<string>;
  /** Sets recovery by mail, in place of the one before. */
  setMail(options: MailMethod): Promise<void>;
  /** Sets recovery by administrators, in place of the one before. */
  setOrganisation(options: OrganisationMethod): Promise<void>;
  /** Removes a method, by its device. */
  remove(device: string): Promise<void>;
  /** Recoveries by mail that wait for their delay. */
  pending(): Promise<PendingRecovery[]>;
  /** Stops one of them. */
  veto(attempt: string): Promise<void>;
  /** As an administrator: releases our share to somebody who asked for help. Compare the {@link tag} first. */
  answerHelp(request: { readonly user: string; readonly clientKey: string }): Promise<HelpAnswer>;
  /** Six characters by which two people make sure that they mean the same request, such as `7KD-2MX`. */
  tag(clientKey: string): Promise<string>;
}

/** A recovery by mail on its way. It ends with {@link setPassword}, or with the page. */
export interface MailRecovery {
  readonly kind: "mail";
  /** The six characters that both mails and the page show. */
  readonly tag: string;
  /** From when on the vault releases, in milliseconds since 1970; `undefined` before {@link finish}. */
  readonly ready: number | undefined;
  /** Takes the vault's code and the share of the application's server (base64url). Before `ready`, wait and {@link collect}. */
  finish(vaultCode: string, share: string): Promise<{ ready: number; released: boolean }>;
  /** Asks again after the delay: whether it is released. */
  collect(): Promise<boolean>;
  /** Sets the new password, once it is released. From then on the person is signed in as after an unlock. */
  setPassword(password: string, forbidden?: readonly string[]): Promise<void>;
  /** Gives up. */
  cancel(): Promise<void>;
}

/** A request for the help of administrators. */
export interface HelpRequest {
  readonly kind: "organisation";
  /** What the administrators' clients seal to, base64url: goes to them through the application. */
  readonly clientKey: string;
  /** The six characters that the person reads out to them. */
  readonly tag: string;
  /** Takes what administrators answered. `false` when it takes more of them. */
  take(answers: readonly HelpAnswer[]): Promise<boolean>;
  /** Sets the new password, once enough answers are taken. From then on the person is signed in as after an unlock. */
  setPassword(password: string, forbidden?: readonly string[]): Promise<void>;
  /** Gives up. */
  cancel(): Promise<void>;
}
