import type { Wardseal } from "@wardseal/sdk";

import { api, onSessionEnded } from "../api/client";
import { ApiError } from "../api/errors";
import type { Config, Me } from "../api/types";
import type { Language } from "../i18n/languages";
import { askForHelp, recoverByMail, resumeRecovery, type HelpAttempt, type MailAttempt, type Resumed } from "./recovery";

/** Why keys are asked for. */
export type LockReason = "new" | "idle" | "locked" | "signedOut" | "otherUser" | "ended" | "refused";

/** Whether keys are at hand in this tab. */
export type WardState =
  | { readonly status: "starting" }
  | { readonly status: "failed"; readonly error: unknown }
  | { readonly status: "locked"; readonly reason: LockReason; readonly name: string; readonly own: boolean }
  | { readonly status: "open"; readonly ward: Wardseal; readonly me: Me; readonly config: Config; readonly own: boolean };

export type OpenState = Extract<WardState, { status: "open" }>;

/** What is under way while somebody signs in. */
export type UnlockStep = "opening" | "trusting" | "session" | "making" | "securing";

export interface UnlockRequest {
  readonly name: string;
  readonly password: string;
  /**
   * "This is my own computer": it becomes a device and asks for no password until it is signed out. Any other keeps what
   * the password opened for the day, signing what is everyday and nothing more.
   */
  readonly own: boolean;
  readonly onStep?: (step: UnlockStep) => void;
}

export interface SignUpRequest extends UnlockRequest {
  readonly invitation: string;
}

/** Milliseconds without a key press or a touch in any tab until the page is locked. */
const IDLE = 10 * 60_000;
/** Where tabs note when somebody last did something; and that this machine was locked. */
const ACTIVE = "wardseal.active";
const LOCKED = "wardseal.locked";

/** Whether nobody has done anything in any tab for too long. */
function isIdle(): boolean {
  return Date.now() - Number(localStorage.getItem(ACTIVE)) > IDLE;
}

/** What one tab tells the others. */
type News = { readonly kind: "signedIn"; readonly user: string } | { readonly kind: "locked"; readonly reason: "idle" | "locked" } | { readonly kind: "signedOut" };

/** The SDK, loaded when it is needed first. */
function sdk(): Promise<typeof import("./sdk")> {
  return import("./sdk");
}

/**
 * Holds the keys of this tab: opens them by a password or from this machine, opens the server's session by a signature
 * of the device, and lets go of both. Tabs of one browser follow one another.
 */
export class Keeper {
  #state: WardState = { status: "starting" };
  #config: Config | undefined;
  /** The client that is kept while nobody is signed in. */
  #ward: Wardseal | undefined;
  /** Where somebody gets back in on a machine that somebody has locked. */
  #aside: Wardseal | undefined;
  /** The client that is told what others change. */
  #followed: Wardseal | undefined;
  #starting: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #tabs = new BroadcastChannel("wardseal");
  /** Told whenever what was opened has to be forgotten. */
  onForget: () => void = () => undefined;

  constructor() {
    this.#tabs.onmessage = ({ data }: MessageEvent<News>) => void this.#hear(data);
    onSessionEnded(() => this.#renew());
    const touched = (): void => {
      const now = Date.now();
      if (now - Number(localStorage.getItem(ACTIVE)) > 5_000) localStorage.setItem(ACTIVE, String(now));
    };
    for (const kind of ["keydown", "pointerdown", "wheel", "touchstart"]) addEventListener(kind, touched, { passive: true, capture: true });
    addEventListener("online", () => this.#state.status === "failed" && void this.start());
    setInterval(() => {
      if (this.#state.status === "open" && isIdle()) void this.lock("idle");
    }, 15_000);
  }

  get state(): WardState {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks the server what it belongs to, and opens what this machine holds, if it is somebody's own. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    this.#set({ status: "starting" });
    try {
      this.#config = await api.config();
      const ward = await this.#open();
      if (ward.profile === undefined) return this.#set({ status: "locked", reason: "new", name: "", own: false });
      const own = (await ward.keptUntil()) === undefined;
      const name = localStorage.getItem(LOCKED);
      if (own && name !== null) return this.#set({ status: "locked", reason: "locked", name, own: true });
      // On a shared computer nobody finds what somebody has left behind.
      if (!own && isIdle()) return await this.#forget({ status: "locked", reason: "idle", name: "", own: false });
      await this.#enter(ward, own);
    } catch (error) {
      // The device was revoked, perhaps. Its keys stay until the person says otherwise: they may be the only ones.
      if (error instanceof ApiError && error.status === 403) this.#set({ status: "locked", reason: "refused", name: "", own: (await this.#ward?.keptUntil().catch(() => undefined)) === undefined });
      else this.#set({ status: "failed", error });
    }
  }

  /** Signs in by name and password. Throws what went wrong; the state stays as it is then. */
  async unlock({ name, password, own, onStep = () => undefined }: UnlockRequest): Promise<void> {
    onStep("opening");
    let ward = await this.#open();
    if (ward.profile !== undefined && (await ward.keptUntil()) !== undefined) {
      // A shared computer is whose password was typed last.
      await ward.signOut();
      await this.#drop();
      ward = await this.#open();
    }
    if (ward.profile !== undefined) {
      // This machine holds the keys already: the password says only who sits in front of it.
      await this.#check(name, password, ward.profile.user);
      localStorage.removeItem(LOCKED);
      onStep("session");
      return this.#enter(ward, true, name);
    }
    try {
      await ward.unlock(name, password, { keep: own ? "memory" : "day" });
      if (own) {
        onStep("trusting");
        await ward.trustThisMachine();
      }
      onStep("session");
      await this.#enter(ward, own, name);
    } catch (error) {
      // What was unlocked goes; the next attempt begins anew.
      if (!own) await ward.signOut().catch(() => undefined);
      await this.#drop();
      throw error;
    }
  }

  /**
   * Makes the account of somebody who was invited, with a password that opens it anywhere. Until the password is set the
   * keys are kept on this machine, whosever it is: they are the only ones. Calling it again goes on where it failed.
   */
  async signUp({ invitation, name, password, own, onStep = () => undefined }: SignUpRequest): Promise<void> {
    onStep("making");
    const ward = await this.#open();
    if (ward.profile === undefined) {
      await ward.signUp(name, async (request) => {
        const { user, commitment, index } = request;
        return (await api.signUp({ invitation, name, user, commitment, index })).token;
      });
    }
    onStep("securing");
    await ward.setPassword(password, [name]);
    if (own) {
      onStep("session");
      return this.#enter(ward, true, name);
    }
    const device = ward.profile?.device;
    await ward.signOut();
    await this.unlock({ name, password, own, onStep });
    // Its keys are erased; it need not be listed.
    if (device !== undefined) await ward.devices.revoke([device]).catch(() => undefined);
  }

  /**
   * Takes the keys out of the page. On somebody's own machine they stay in its store, and the password is asked for; from
   * a shared one they go.
   */
  async lock(reason: "idle" | "locked" = "locked"): Promise<void> {
    const state = this.#state;
    if (state.status !== "open") return;
    if (state.own) localStorage.setItem(LOCKED, state.me.name);
    this.#tell({ kind: "locked", reason });
    const next = { status: "locked", reason, name: state.me.name, own: state.own } as const;
    if (state.own) await this.#leave(next, true);
    else await this.#forget(next);
  }

  /** Signs in by a passkey, which says who it is. Kept as after a password on a shared computer. */
  async unlockByPasskey(): Promise<void> {
    const ward = await this.#recovering();
    try {
      await ward.unlockByPasskey({ rpId: location.hostname, keep: ward === this.#ward ? "day" : "memory" });
      await this.#enter(ward, false);
    } catch (error) {
      if (this.#state.status !== "open") await this.#drop();
      throw error;
    }
  }

  /** For somebody without the password: has two codes sent. */
  async recoverByMail(name: string, language: Language): Promise<MailAttempt> {
    return recoverByMail(await this.#recovering(), name, language);
  }

  /** A recovery that an earlier visit began and that waits for its delay, if there is one. */
  async resumeRecovery(): Promise<Resumed | undefined> {
    return resumeRecovery(await this.#recovering());
  }

  /** For somebody with a printed code: tries it, and sets the new password in the same step. */
  async recoverByCode(name: string, code: string, password: string): Promise<void> {
    await (await this.#recovering()).recoverByCode(name, code, password, [name]);
  }

  /** For somebody whose administrators help. */
  async askForHelp(name: string): Promise<HelpAttempt> {
    return askForHelp(await this.#recovering(), name);
  }

  /** Lets go of what a recovery opened in memory. What waits for a delay goes on at the next visit. */
  async endRecovery(): Promise<void> {
    if (this.#state.status !== "open") await this.#drop();
  }

  /** A client in which nobody is signed in. */
  async #recovering(): Promise<Wardseal> {
    const ward = await this.#open();
    if (ward.profile === undefined) return ward;
    if (this.#aside === undefined) {
      const { tenant, keys, vault } = this.#need();
      const { Wardseal, memoryStore } = await sdk();
      this.#aside = await Wardseal.open({ tenant, keys, vault, store: memoryStore() });
    }
    return this.#aside;
  }

  /** Erases the keys from this machine. */
  async signOut(): Promise<void> {
    const ward = this.#state.status === "open" ? this.#state.ward : await this.#open();
    await ward.signOut();
    localStorage.removeItem(LOCKED);
    this.#tell({ kind: "signedOut" });
    await this.#leave({ status: "locked", reason: "signedOut", name: "", own: false }, true);
  }

  /** Who this person is to the server, asked again: after being added to a facility, for example. */
  async refresh(): Promise<void> {
    const state = this.#state;
    if (state.status !== "open") return;
    const { facilities } = await this.#session(state.ward);
    if (this.#state === state) this.#set({ ...state, me: { ...state.me, facilities } });
  }

  #need(): Config {
    if (this.#config === undefined) throw new Error("the keeper was not started");
    return this.#config;
  }

  /** The client over this machine's store. */
  async #open(): Promise<Wardseal> {
    if (this.#ward !== undefined) return this.#ward;
    const { tenant, keys, vault } = this.#need();
    const { Wardseal } = await sdk();
    this.#ward = await Wardseal.open({ tenant, keys, vault });
    return this.#ward;
  }

  async #check(name: string, password: string, user: string): Promise<void> {
    const { tenant, keys, vault } = this.#need();
    const { Wardseal, WardsealError, memoryStore } = await sdk();
    const trial = await Wardseal.open({ tenant, keys, vault, store: memoryStore() });
    try {
      await trial.unlock(name, password);
      if (trial.profile?.user !== user) throw new WardsealError("wrong_password", "this machine is somebody else's: sign out first");
    } finally {
      await trial.close();
    }
  }

  async #session(ward: Wardseal): Promise<Me> {
    const { audience } = this.#need();
    const { challenge } = await api.session.challenge();
    return api.session.open(await ward.prove(audience, challenge));
  }

  /** `typed` is the name with which somebody has just signed in: the server may not know it. */
  async #enter(ward: Wardseal, own: boolean, typed?: string): Promise<void> {
    const known = await this.#session(ward);
    const me = typed !== undefined && known.name === known.user ? { ...known, name: typed } : known;
    localStorage.setItem(ACTIVE, String(Date.now()));
    this.#ward = ward;
    this.#show({ ward, me, own });
    this.#tell({ kind: "signedIn", user: me.user });
  }

  /** Shows what is open, and follows what others revoke: keys of it are gone within a second. It ends with the client. */
  #show({ ward, me, own }: Omit<OpenState, "status" | "config">): void {
    if (this.#followed !== ward) {
      this.#followed = ward;
      // Whoever cannot be told loses them when their time is over.
      ward.stayConnected().catch(() => {
        if (this.#followed === ward) this.#followed = undefined;
      });
    }
    this.#set({ status: "open", ward, me, config: this.#need(), own });
  }

  async #leave(next: WardState, end: boolean, first?: Promise<void>): Promise<void> {
    const dropped = this.#drop(first);
    this.#set(next);
    this.onForget();
    // The session ends at the server too, if it can be reached; without keys it opens nothing.
    if (end) await api.session.end().catch(() => undefined);
    await dropped;
  }

  /** Leaves a shared computer: what it kept for the day is erased. */
  async #forget(next: WardState): Promise<void> {
    const ward = this.#ward;
    const gone = ward?.signOut().catch(() => undefined);
    await this.#leave(next, true, gone);
  }

  async #drop(first?: Promise<void>): Promise<void> {
    const [ward, aside] = [this.#ward, this.#aside];
    this.#ward = undefined;
    this.#aside = undefined;
    await first;
    await Promise.all([ward?.close(), aside?.close()]);
  }

  /** Opens the server's session again when it has ended. */
  async #renew(): Promise<boolean> {
    const state = this.#state;
    if (state.status !== "open") return false;
    try {
      const me = await this.#session(state.ward);
      if (me.user === state.me.user) return true;
    } catch (error) {
      if (error instanceof ApiError && error.retryable) return false;
    }
    await this.#leave({ status: "locked", reason: "ended", name: state.me.name, own: state.own }, false);
    return false;
  }

  #tell(news: News): void {
    this.#tabs.postMessage(news);
  }

  /** Follows what another tab did: the session is one for all tabs. */
  async #hear(news: News): Promise<void> {
    const state = this.#state;
    if (state.status === "open") {
      const name = state.me.name;
      if (news.kind === "signedOut") await this.#leave({ status: "locked", reason: "signedOut", name: "", own: false }, false);
      if (news.kind === "locked") await this.#leave({ status: "locked", reason: news.reason, name, own: state.own }, false);
      if (news.kind === "signedIn" && news.user !== state.me.user) await this.#leave({ status: "locked", reason: "otherUser", name, own: false }, false);
    } else if (state.status === "locked") {
      // One password opens all tabs.
      if (news.kind === "signedOut" && state.own) this.#set({ status: "locked", reason: "signedOut", name: "", own: false });
      if (news.kind === "signedIn") {
        const ward = await this.#open();
        // It learns who it is now as it does something.
        await ward.server().catch(() => undefined);
        if (ward.profile?.user === news.user && localStorage.getItem(LOCKED) === null) {
          const me = await api.session.me().catch(() => undefined);
          if (me?.user === news.user) this.#show({ ward, me, own: (await ward.keptUntil()) === undefined });
        }
      }
    }
  }

  #set(state: WardState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
