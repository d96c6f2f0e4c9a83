import { startRecovery } from "#platform";

import { WardsealError } from "./errors.js";
import { vaultIdentity, type Core } from "./generated/core.js";
import type { Recovery } from "./recovery-client.js";

interface Evaluated {
  readonly evaluation: Uint8Array;
  readonly oprfKey: Uint8Array;
  readonly record: Uint8Array;
}

interface Started {
  readonly login: Uint8Array;
  readonly ke2: Uint8Array;
}

/** What a server said that is not what the chain or the other messages say. */
function badAnswer(): Error {
  return new WardsealError("bad_answer", "the vault's answers do not fit together: check its address");
}

/** The vault's key, by its own word: the user's chain, which opens at the end, must name the same. */
async function vaultKeyOf(core: Core): Promise<Uint8Array> {
  const key = await core.vaultKey();
  if (key === undefined) throw badAnswer();
  return key;
}

async function logIn(core: Core, recovery: Recovery, record: Uint8Array, vaultKey: Uint8Array): Promise<{ sealed: Uint8Array; exportKey: Uint8Array }> {
  const ke1 = await recovery.logIn();
  const started = (await core.beginUnlock(record, ke1)) as Started;
  const { ke3, exportKey } = await recovery.finishLogIn(started.ke2, record, vaultIdentity(), vaultKey);
  return { sealed: await core.finishUnlock(started.login, ke3), exportKey };
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Sets the password of whoever is signed in, or about to recover. The new record is tried out before the old one ends. */
export async function setPassword(core: Core, typed: string, forbidden: string[]): Promise<void> {
  const recovery = await startRecovery();
  try {
    await recovery.check(typed, forbidden);
    const vaultKey = await vaultKeyOf(core);
    const { record, account } = (await core.newPassword()) as { record: Uint8Array; account: Uint8Array };
    const blinded = await recovery.begin(typed, account);
    const evaluated = (await core.evaluateNewPassword(record, account, blinded)) as Evaluated;
    await recovery.harden(evaluated.evaluation, evaluated.oprfKey);
    const answer = await core.registerPassword(record, account, await recovery.register());
    const { upload, exportKey } = await recovery.finishRegistration(answer, record, vaultIdentity(), vaultKey);
    const stored = await core.storePassword(record, account, upload, exportKey, vaultKey, evaluated.oprfKey);
    const opened = await logIn(core, recovery, record, vaultKey);
    if (!same(opened.exportKey, exportKey)) throw badAnswer();
    await core.adoptPassword(stored);
  } finally {
    await recovery.end();
  }
}

/** Refuses a password that is too easy to guess, before anything else is done for it. */
export async function checkPassword(typed: string, forbidden: string[]): Promise<void> {
  const recovery = await startRecovery();
  try {
    await recovery.check(typed, forbidden);
  } finally {
    await recovery.end();
  }
}

/** Opens the identity of a name, in memory. Without a name it is the password once more of whoever is kept for the day. */
export async function unlock(core: Core, name: string | undefined, typed: string): Promise<void> {
  const recovery = await startRecovery();
  try {
    const vaultKey = await vaultKeyOf(core);
    const account = await core.passwordAccount(name);
    const blinded = await recovery.begin(typed, account);
    const { evaluation, oprfKey, record } = (await core.evaluatePassword(name, account, blinded)) as Evaluated;
    await recovery.harden(evaluation, oprfKey);
    const { sealed, exportKey } = await logIn(core, recovery, record, vaultKey);
    await core.unlock(name, record, sealed, exportKey, vaultKey, oprfKey);
  } finally {
    await recovery.end();
  }
}
