/** Requests to facilities that have no keys yet: what this page, both servers and the SDK do together. */
import type { PendingRecipient, PendingSession, Policy, Wardseal } from "@wardseal/sdk";

import { api } from "../api/client";
import type { Language } from "../i18n/languages";

/** How one facility gets what is sealed for it before it has keys. */
export interface PendingWish {
  /** What it is called by in a public register: `finess:750000001`. */
  readonly identifier: string;
  readonly policy: Policy;
  readonly address: string;
  readonly language: Language;
  /** Told by telephone, with the policy `code`: one for all that the facility gets of a case. Drawn where there is none. */
  readonly code?: string;
}

/** Days until what nobody has claimed is erased. */
export const DAYS = 30;

/** What a registration is doing. */
export type RegisterStep = "group" | "name" | "directory";

/** What waits for a group, by what it takes to open it. */
export interface WaitingHere {
  readonly byMail: readonly PendingSession[];
  readonly byPhone: readonly PendingSession[];
  readonly byNumber: readonly PendingSession[];
  readonly free: readonly PendingSession[];
}

export interface Claimed {
  readonly opened: number;
  /** What nothing opens any more. */
  readonly failed: number;
  /** Whether the code from the telephone was wrong. */
  readonly wrongCode: boolean;
}

/** Opens a session for a facility that has no keys yet, and leaves its key in escrow. */
export async function openPending(ward: Wardseal, facility: string, wish: PendingWish): Promise<{ readonly session: string; readonly pending: string }> {
  const session = await ward.sessions.create({ manage: [facility] });
  return { session, pending: await grantPending(ward, session, facility, wish) };
}

/** Leaves the key of a session in escrow for a facility. */
function grantPending(ward: Wardseal, session: string, group: string, { identifier, policy, address, language, code }: PendingWish): Promise<string> {
  return ward.sessions.grantPending(session, { name: identifier, policy, expiresInDays: DAYS, address, language, group, ...(code === undefined ? {} : { code }) });
}

/** What members of the sender's group know of a recipient that waits; nothing once it waits no more. */
export async function waitingOf(ward: Wardseal, session: string, pending: string): Promise<PendingRecipient | null> {
  return (await ward.sessions.pending(session)).find(({ id }) => id === pending) ?? null;
}

/** Gives a session's key to the group that a recipient turned out to be, after two people compared its number. */
export async function handOver(ward: Wardseal, session: string, pending: string, group: string): Promise<void> {
  const { recipients } = await ward.sessions.get(session);
  if (recipients.some(({ id }) => id === pending)) await ward.escrow.complete(session, pending, group);
}

/** Makes a facility's group, binds its identifier to it and enters it in the directory. Each step is done once, however often this is called. */
export async function registerFacility(ward: Wardseal, identifier: string, name: string, onStep: (step: RegisterStep) => void): Promise<string> {
  onStep("group");
  const [known] = await ward.groups.list();
  const group = known?.id ?? (await ward.groups.create(name));
  onStep("name");
  await ward.groups.bind(group, identifier, async ({ commitment, index }) => (await api.registration.bind({ identifier, group, commitment, index })).token);
  onStep("directory");
  await api.registration.register(identifier, group);
  return group;
}

/** Looks for what waits for a group. */
export async function lookForWaiting(ward: Wardseal, group: string): Promise<WaitingHere> {
  const all = await ward.escrow.pending(group);
  const by = (policy: Policy): readonly PendingSession[] => all.filter((each) => each.policy === policy);
  // Whose mailbox was proven already waits for nothing more.
  const [mail, proven] = [by("verified").filter(({ hint }) => hint !== undefined), by("verified").filter(({ hint }) => hint === undefined)];
  return { byMail: mail, byPhone: by("code"), byNumber: by("confirmed"), free: [...proven, ...by("assigned")] };
}

/** Has the key server send its code to the address of what waits. */
export async function startMailCode(ward: Wardseal, group: string, pending: string): Promise<{ readonly attempt: string; readonly to: string }> {
  const { attempt, hint } = await ward.escrow.startCode(group, pending);
  return { attempt, to: hint };
}

export async function finishMailCode(ward: Wardseal, attempt: string, code: string): Promise<void> {
  await ward.escrow.finishCode(attempt, code);
}

/** Reasons for which something that waited will never open. */
const LOST: ReadonlySet<string> = new Set(["expired", "gone", "damaged", "not_named"]);

/** Opens what waits for a group, and tells the server which requests those were. */
export async function claim(ward: Wardseal, group: string, code: string | undefined, onProgress: (done: number, whole: number) => void): Promise<Claimed> {
  const { claimed, refused } = await ward.escrow.claim(group, { ...(code === undefined ? {} : { code }), onProgress });
  const sessions = new Set(claimed);
  const requests = (await api.requests.list(group)).filter(({ session, disclosure }) => sessions.has(session) || (disclosure !== null && sessions.has(disclosure.session)));
  const opened = await api.requests.delivered(group, requests.map(({ id }) => id));
  return {
    opened: opened.length,
    failed: refused.filter(({ reason }) => LOST.has(reason)).length,
    wrongCode: refused.some(({ reason }) => reason === "wrong_code"),
  };
}
