/** Getting back in without the password: what this page, the transfer server and the SDK do together. */
import type { HelpRequest, MailRecovery, MethodCheck, Wardseal } from "@wardseal/sdk";

import { api } from "../api/client";
import type { Language } from "../i18n/languages";

/** One of the two codes is wrong. */
export class CodeError extends Error {
  override readonly name = "CodeError";
  /** Whose code: of the transfer server, or of the vault. */
  readonly which: "own" | "vault";
  /** How often it can be tried again, if the server said so. */
  readonly left: number | undefined;

  constructor(which: "own" | "vault", left: number | undefined) {
    super(`the code of the ${which === "own" ? "transfer server" : "vault"} is not right`);
    this.which = which;
    this.left = left;
  }
}

/** The number of tries that is left, from whatever a server said about it. */
function leftOf(error: unknown): number | undefined {
  const { problem, details } = error as { problem?: Readonly<Record<string, unknown>>; details?: { triesLeft?: number; detail?: string } };
  const said = problem?.["triesLeft"] ?? details?.triesLeft ?? /\d+/.exec(details?.detail ?? "")?.[0];
  return said === undefined ? undefined : Number(said);
}

/** Turns a refused code into one of which it is known whose it was. */
async function checked<T>(which: "own" | "vault", work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "code_refused") throw new CodeError(which, leftOf(error));
    throw error;
  }
}

/** A recovery by two codes on its way. */
export interface MailAttempt {
  /** What both mails show. */
  readonly tag: string;
  /** Tries both codes. Released at once, or from `ready` on. */
  finish(own: string, vault: string): Promise<{ readonly released: boolean; readonly ready: number }>;
  /** Whether it is released by now. */
  collect(): Promise<boolean>;
  setPassword(password: string): Promise<void>;
  /** Gives up. */
  cancel(): Promise<void>;
}

/** Has both codes sent. */
export async function recoverByMail(ward: Wardseal, name: string, language: Language): Promise<MailAttempt> {
  let attempt = "";
  const recovery: MailRecovery = await ward.recoverByMail(name, async (clientKey) => {
    const started = await api.recovery.start(name, clientKey, language);
    ({ attempt } = started);
    return started;
  });
  let share: string | undefined;
  return {
    tag: recovery.tag,
    async finish(own, vault) {
      // A share that this server gave once is kept: only the other code is typed again.
      share ??= (await checked("own", api.recovery.finish(attempt, own))).share;
      return checked("vault", recovery.finish(vault, share));
    },
    collect: async () => (await recovery.collect()).released,
    setPassword: (password) => recovery.setPassword(password, [name]),
    cancel: () => recovery.cancel(),
  };
}

/** A recovery of an earlier visit that waits for its delay. */
export interface Resumed {
  readonly name: string;
  readonly ready: number;
  readonly attempt: MailAttempt;
}

/** The recovery by mail that an earlier visit of this page began, once its codes were right. */
export async function resumeRecovery(ward: Wardseal): Promise<Resumed | undefined> {
  const recovery = await ward.resumeRecovery();
  if (recovery?.kind !== "mail" || recovery.ready === undefined) return undefined;
  const { name, ready, tag } = recovery;
  const attempt: MailAttempt = {
    tag,
    finish: () => Promise.reject(new Error("its codes were typed already")),
    collect: async () => (await recovery.collect()).released,
    setPassword: (password) => recovery.setPassword(password, [name]),
    cancel: () => recovery.cancel(),
  };
  return { name, ready, attempt };
}

/** What came of asking administrators: `one` of two has agreed, or `enough` have. */
export type HelpState = "waiting" | "one" | "enough" | "declined" | "expired";

/** A request for the help of administrators on its way. */
export interface HelpAttempt {
  /** What the person reads out. */
  readonly tag: string;
  look(): Promise<HelpState>;
  setPassword(password: string): Promise<void>;
}

/** Asks the administrators of the person's facility. */
export async function askForHelp(ward: Wardseal, name: string): Promise<HelpAttempt> {
  const request: HelpRequest = await ward.requestHelp(name);
  const { id, secret } = await api.recovery.ask(name, request.clientKey);
  return {
    tag: request.tag,
    async look() {
      const { state, user, record, blob, releases } = await api.recovery.poll(id, secret);
      if (state === "declined" || state === "expired") return state;
      if (user === null || record === null || blob === null || releases.length === 0) return "waiting";
      const enough = await request.take(releases.map(({ admin, release }) => ({ user, record, admin, release, sealed: blob })));
      return enough ? "enough" : "one";
    },
    setPassword: (password) => request.setPassword(password, [name]),
  };
}

/** As an administrator: releases this person's share to a member who asked. */
export async function help(ward: Wardseal, asker: { readonly id: string; readonly user: string; readonly clientKey: string }): Promise<void> {
  const { release, sealed } = await ward.recovery.answerHelp({ user: asker.user, clientKey: asker.clientKey });
  await api.recovery.release(asker.id, release, sealed);
}

/** Two codes by mail: the vault keeps one half, this server the other. */
export async function setMail(ward: Wardseal, { address, delayHours, language }: { readonly address: string; readonly delayHours: number; readonly language: Language }): Promise<void> {
  const before = new Set((await api.recovery.shares()).map(({ record }) => record));
  let kept = "";
  await ward.recovery.setMail({
    address,
    delayHours,
    language,
    depositShare: async (record, share) => {
      await api.recovery.putShare({ record, share, address, language });
      kept = record;
    },
  });
  // The share of the record before opens nothing any more.
  for (const record of before) if (record !== kept) await api.recovery.removeShare(record).catch(() => undefined);
}

/** Tries every way back in as far as that goes without its secret, at the vault and at this server. */
export function checkWays(ward: Wardseal): Promise<MethodCheck[]> {
  let shares: Promise<ReadonlySet<string>> | undefined;
  return ward.recovery.check({
    hasShare: async (record) => {
      shares ??= api.recovery.shares().then((all) => new Set(all.map((share) => share.record)));
      return (await shares).has(record);
    },
  });
}
