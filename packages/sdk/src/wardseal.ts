/// <reference lib="esnext.disposable" preserve="true" />
import { defaultStore, loadCore } from "#platform";

import { orAborted, settle, type CallOptions, type Result } from "./calls.js";
import { changesOf, type Change } from "./changes.js";
import { ClientState } from "./client.js";
import { asyncDispose } from "./disposal.js";
import { guarded, invalid } from "./errors.js";
import { Escrow } from "./escrow.js";
import { FRAME_CONTENT } from "./frames.js";
import { inspect, type Core, type Sealing } from "./generated/core.js";
import { Groups } from "./groups.js";
import type { Clock } from "./host.js";
import { Opened, type ObjectHeader } from "./objects.js";
import { askPasskey } from "./passkey.js";
import { checkPassword, setPassword, unlock } from "./passwords.js";
import { seal } from "./pipeline.js";
import { Devices, Users } from "./people.js";
import type { CachePolicy, Profile } from "./profile.js";
import { HelpRequest, MailRecovery, Recovery, resume, type AskPasskey, type MailStart } from "./recovery.js";
import { Sessions } from "./sessions.js";
import { collect, collectBlob, isBytes, isStream, randomAccess, readRandom, readStream, streamOf, type Bytes, type RandomAccess, type Source } from "./sources.js";
import type { StateStore } from "./store.js";
import { Transport } from "./transport.js";
import type { Watch } from "./watch.js";

/** What an application decides about its client. */
export interface Options {
  /** The tenant (`ten_…`). Everything is checked against it, so it comes with the application, never from a server. */
  readonly tenant: string;
  /** Address of the key server. */
  readonly keys: string;
  /** Address of the vault, for passwords. */
  readonly vault?: string;
  /**
   * Address of the application's own server, for what lies in escrow: it serves `/v1/escrow/…` below it. Requests carry its
   * cookies. By default the page's own origin.
   */
  readonly tenantServer?: string;
  /** Where state is kept. By default IndexedDB in browsers, memory elsewhere. */
  readonly store?: StateStore;
  /** How long keys of sessions are kept: by default a quarter of an hour, in memory. */
  readonly cache?: CachePolicy;
  /** What sign-ins name as their audience. By default what the key server says first, from then on. */
  readonly audience?: string;
  /** Milliseconds until a server that does not answer is given up. By default a minute. */
  readonly timeout?: number;
  /** What sends requests. By default the page's own `fetch`. */
  readonly fetch?: typeof fetch;
  /** What says the time. By default the machine's clock; tests have one of their own. */
  readonly clock?: Clock;
}

/** What the application's own server has to sign at a sign-up, once it has checked who the person is. */
export interface SignUpRequest {
  readonly tenant: string;
  /** The new user (`usr_…`). */
  readonly user: string;
  /** The name by which the application calls the person. */
  readonly name: string;
  /** Salted commitment to the name, base64url: `cmt` of the token. */
  readonly commitment: string;
  /** Index of the name, base64url: `idx` of the token. */
  readonly index: string;
}

/** What {@link Wardseal.prove} gives: an object to be posted to the application's server as it is. */
export interface DeviceProof {
  readonly tenant: string;
  readonly user: string;
  readonly device: string;
  /** For which application it is. */
  readonly audience: string;
  /** The challenge that it answers. */
  readonly challenge: string;
  /** The device's signature, base64url. */
  readonly signature: string;
  /** Of somebody who is kept for the day: the certificate of the key that signed, base64url. */
  readonly certificate?: string;
}

/** How an unlock is to be kept. */
export interface UnlockOptions extends CallOptions {
  /** In memory alone (the default), or on this machine until the day is over. */
  readonly keep?: "memory" | "day";
}

/** How to seal. */
export interface SealOptions extends Watch {
  /** File name, sealed along. Of a `File` its own by default. */
  readonly name?: string;
  /** Media type, sealed along. Of a `Blob` its own by default. */
  readonly type?: string;
  /** The object (`obj_…`) of which this is another version. By default a new one. */
  readonly object?: string;
  /** The version, from 1. */
  readonly version?: number;
  /** Bytes of a stream, where they are known: sealed along, so that whoever opens a part knows the end. Another length is an error. */
  readonly size?: number;
}

/** What is sealed of a content: bytes give bytes, a Blob gives a Blob, a stream gives a stream. */
export type Sealed<C> = C extends Blob ? Blob : C extends ReadableStream<Uint8Array> ? ReadableStream<Uint8Array> : Uint8Array<ArrayBuffer>;

/** What can be sealed. */
export type Content = Bytes | string | Blob | ReadableStream<Uint8Array>;

/** One of many contents that are sealed. */
export interface ToSeal<C extends Content = Content> extends SealOptions {
  /** For which session (`ses_…`). */
  readonly session: string;
  readonly content: C;
}

/** What the key server says of itself. */
export interface ServerInfo {
  readonly version: string;
  readonly protocol: number;
  /** Its clock, in milliseconds since 1970. */
  readonly time: number;
  readonly audience: string;
}

/** Where a page came from. */
function origin(): string | undefined {
  const origin = "location" in globalThis ? globalThis.location.origin : undefined;
  return origin === "null" ? undefined : origin;
}

/** End-to-end encryption for one person on one machine. Methods may be called at once; they take turns. */
export class Wardseal {
  readonly #state: ClientState;
  /** People by the names that the application gave them. */
  readonly users: Users;
  /** The devices of the person. */
  readonly devices: Devices;
  /** Groups of people. */
  readonly groups: Groups;
  /** Who may open what. */
  readonly sessions: Sessions;
  /** What lies in escrow for those who had no keys when it was sent. */
  readonly escrow: Escrow;
  /** Ways back in, and whether they work. */
  readonly recovery: Recovery;

  private constructor(state: ClientState) {
    this.#state = state;
    this.users = new Users(state);
    this.devices = new Devices(state);
    this.groups = new Groups(state);
    this.sessions = new Sessions(state);
    this.escrow = new Escrow(state);
    this.recovery = new Recovery(state);
  }

  /** Opens a client over what its store holds. */
  static open(options: Options, { signal }: CallOptions = {}): Promise<Wardseal> {
    return guarded(async () => {
      signal?.throwIfAborted();
      await loadCore();
      const transport = new Transport(options.keys, options.vault, options.fetch ?? globalThis.fetch, options.timeout, options.tenantServer ?? origin());
      const store = options.store ?? defaultStore(options.tenant);
      const { tenant, cache, audience, clock } = options;
      return new Wardseal(await ClientState.open({ tenant, cache, audience, clock, transport, store }, signal));
    }, signal);
  }

  /** Reads what an object says of itself, without keys: a claim, not a fact. */
  static inspect(source: Bytes | Blob): Promise<ObjectHeader> {
    return guarded(async () => {
      await loadCore();
      const random = randomAccess(source);
      if (random === undefined) throw invalid("bytes or a Blob are inspected");
      return inspect(await random.read(0, Math.min(random.size, 8192))) as ObjectHeader;
    });
  }

  /** Who is signed in here, if anybody is. */
  get profile(): Profile | undefined {
    return this.#state.profile;
  }

  /** What the key server says of itself. Compare its clock with yours. */
  server({ signal }: CallOptions = {}): Promise<ServerInfo> {
    return this.#state.run((core) => core.server() as Promise<ServerInfo>, signal);
  }

  /** Draws the keys of a new user. Asking again for the same name gives the same user, until it is signed up. */
  beginSignUp(name: string, { signal }: CallOptions = {}): Promise<SignUpRequest> {
    return this.#state.run(async (core) => {
      const request = (await core.beginSignUp(name)) as Omit<SignUpRequest, "tenant">;
      return { tenant: this.#state.tenant, ...request };
    }, signal);
  }

  /** Registers the user of {@link beginSignUp} with the token of the application's server; gives the user. */
  finishSignUp(token: string, { signal }: CallOptions = {}): Promise<string> {
    return this.#state.run((core) => core.finishSignUp(token) as Promise<string>, signal);
  }

  /**
   * Proves to the application's own server who is here, by a signature of this machine's device or of the one that a
   * password unlocked. `audience` is the application's origin (`location.origin`), `challenge` what its server drew for
   * this login. Nobody is asked. Neither another application nor the key server accepts the proof.
   */
  prove(audience: string, challenge: string): Promise<DeviceProof> {
    return this.#state.run((core) => core.prove(audience, challenge) as Promise<DeviceProof>);
  }

  /** Signs a person up: `sign` has the application's server sign the request and gives its token. Gives the user. */
  async signUp(name: string, sign: (request: SignUpRequest) => Promise<string> | string, { signal }: CallOptions = {}): Promise<string> {
    const request = await this.beginSignUp(name, { signal });
    return this.finishSignUp(await orAborted(Promise.resolve(sign(request)), signal), { signal });
  }

  /**
   * Sets the password with which this person can sign in on any machine. The one before ends in the same instant.
   * `forbidden` is what is known about the person, such as the name: no password may contain it.
   */
  setPassword(password: string, forbidden: readonly string[] = [], { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => setPassword(core, password, [...forbidden]), signal);
  }

  /**
   * Signs a person in by name and password, by default in memory alone: nothing is written to this machine. With
   * `keep: "day"` the person stays until the day is over, see {@link keepForTheDay}.
   */
  async unlock(name: string, password: string, options: UnlockOptions = {}): Promise<void> {
    await this.#unlock(options, (core) => unlock(core, name, password));
  }

  /** Signs a person in by a passkey of hers, as {@link unlock} does by a password. */
  async unlockByPasskey(options: AskPasskey & UnlockOptions): Promise<void> {
    const input = await this.#state.run(async (core) => core.passkeyInput(), options.signal);
    const { secret } = await askPasskey(options, new Uint8Array(input));
    await this.#unlock(options, (core) => core.unlockByPasskey(secret));
  }

  async #unlock({ keep = "memory", signal }: UnlockOptions, open: (core: Core) => Promise<void>): Promise<void> {
    await this.#state.run(async (core) => {
      await open(core);
      // Who was kept for the day already has only given the password once more.
      if ((await core.keptUntil()) === undefined) this.#state.setUnlocked(true);
      if (keep === "day") await this.#keep(core);
    }, signal);
    this.#renew();
  }

  /**
   * Keeps the person who was unlocked here until the day is over, at most 16 hours; gives when that is, in milliseconds
   * since 1970. A reload asks for nothing. What is kept reads and writes in sessions; changes of groups, devices and ways
   * back in throw `password_needed` until {@link stepUp}. Until five minutes from now they need nothing.
   */
  keepForTheDay({ signal }: CallOptions = {}): Promise<number> {
    return this.#state.run((core) => this.#keep(core), signal);
  }

  async #keep(core: Core): Promise<number> {
    await this.#state.refuseIdentity();
    const until = await core.keepForTheDay();
    this.#state.setUnlocked(false);
    return until;
  }

  /** Until when the person is kept here, in milliseconds since 1970, if it is for the day. */
  keptUntil(): Promise<number | undefined> {
    return this.#state.run((core) => core.keptUntil());
  }

  /** Takes the password once more of the person who is kept for the day: for five minutes, or until {@link stepDown}. */
  stepUp(password: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => unlock(core, undefined, password), signal);
  }

  /** Ends what {@link stepUp} began. */
  stepDown(): Promise<void> {
    return this.#state.run((core) => core.stepDown());
  }

  /** Administrators who could help may have changed since. Nobody waits for that, and the next unlock tries again. */
  #renew(): void {
    this.#state.run((core) => core.renewOrganisation()).catch(() => undefined);
  }

  /**
   * Signs a person in by a recovery code, and sets a new password, which ends the forgotten one. Throws
   * `bad_recovery_code` with `details.group` when the code was not copied correctly, before anything is asked.
   */
  async recoverByCode(name: string, code: string, newPassword: string, forbidden: readonly string[] = [], { signal }: CallOptions = {}): Promise<void> {
    await this.#state.run(async (core) => {
      await checkPassword(newPassword, [...forbidden]);
      await core.recoverByCode(name, code);
      try {
        await setPassword(core, newPassword, [...forbidden]);
      } catch (thrown) {
        await core.cancelRecovery();
        throw thrown;
      }
      if ((await core.keptUntil()) === undefined) this.#state.setUnlocked(true);
    }, signal);
  }

  /**
   * Begins a recovery by two codes. `start` asks the application's own server, which mails a code of its own and gives a
   * token for the vault; the vault then mails the other. Both mails and the page show the {@link MailRecovery.tag}.
   */
  recoverByMail(name: string, start: (clientKey: string) => Promise<MailStart>, { signal }: CallOptions = {}): Promise<MailRecovery> {
    return MailRecovery.begin(this.#state, name, start, signal);
  }

  /** Begins to ask administrators for help: the application hands {@link HelpRequest.clientKey} to them, and their answers back. */
  requestHelp(name: string, { signal }: CallOptions = {}): Promise<HelpRequest> {
    return HelpRequest.begin(this.#state, name, signal);
  }

  /** The recovery that an earlier page began on this machine, if one is under way. */
  resumeRecovery(): Promise<MailRecovery | HelpRequest | undefined> {
    return resume(this.#state);
  }

  /** Makes the unlocked person's machine a device: no password is asked until {@link signOut}. Gives the device. */
  trustThisMachine({ signal }: CallOptions = {}): Promise<string> {
    return this.#state.run(async (core) => {
      await this.#state.refuseIdentity();
      const device = (await core.trustThisMachine()) as string;
      this.#state.setUnlocked(false);
      return device;
    }, signal);
  }

  /** Erases everything from this machine. The device stays listed until another device revokes it. */
  signOut(): Promise<void> {
    return this.#state.run(async (core) => {
      await core.signOut();
      this.#state.setUnlocked(false);
    });
  }

  /** Drops the keys of all sessions: the same as {@link Sessions.forget}. */
  forgetSessions(): Promise<void> {
    return this.sessions.forget();
  }

  /**
   * What others change, from now on: sessions, groups and people that concern this person. Keys that a change puts in doubt are
   * dropped before it is given, so whoever follows loses what was revoked within a second. It connects again by itself, misses
   * nothing meanwhile, and ends with the signal or with {@link close}.
   */
  changes(options: CallOptions = {}): AsyncGenerator<Change, void, undefined> {
    return changesOf(this.#state, options);
  }

  /** Follows {@link changes} for what they do to keys alone, until the signal says otherwise or this is closed. */
  async stayConnected({ signal }: CallOptions = {}): Promise<void> {
    try {
      for await (const _ of this.changes({ signal })) if (signal?.aborted) return;
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }

  /** Lets go of memory and connections. Nothing is erased. */
  close(): Promise<void> {
    return guarded(() => this.#state.close());
  }

  /** {@link close}, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Seals for a session: bytes give bytes, a Blob gives a Blob, a stream gives a stream. If somebody lost the right to
   * the session, directly or in a group beneath, it gets a new key first.
   */
  seal(session: string, content: Bytes | string, options?: SealOptions): Promise<Uint8Array<ArrayBuffer>>;
  seal(session: string, content: Blob, options?: SealOptions): Promise<Blob>;
  seal(session: string, content: ReadableStream<Uint8Array>, options?: SealOptions): Promise<ReadableStream<Uint8Array>>;
  seal<C extends Content>(session: string, content: C, options?: SealOptions): Promise<Sealed<C>>;
  seal(session: string, content: Content, options: SealOptions = {}) {
    return guarded(async (): Promise<Uint8Array | Blob | ReadableStream<Uint8Array>> => {
      options.signal?.throwIfAborted();
      if (isStream(content)) {
        const sealing = await this.#sealing(session, options.size, options.name, options.type, options);
        return streamOf(seal(sealing, readStream(content), true, options));
      }
      const given = typeof content === "string" ? new TextEncoder().encode(content) : content;
      const random = randomAccess(given);
      if (random === undefined || !(isBytes(given) || given instanceof Blob)) throw invalid("bytes, text, a Blob or a stream are sealed");
      const name = options.name ?? ("name" in given && typeof given.name === "string" ? given.name : undefined);
      const type = options.type ?? (given instanceof Blob && given.type !== "" ? given.type : undefined);
      const sealing = await this.#sealing(session, random.size, name, type, options);
      const long = random.size >= FRAME_CONTENT;
      if (given instanceof Blob) return collectBlob(seal(sealing, readRandom(random), long, options), "application/octet-stream");
      const object = new Uint8Array(sealing.objectLength() ?? 0);
      return collect(seal(sealing, readRandom(random), long, options, object), object);
    }, options.signal);
  }

  /** Seals many at once; keys that are not at hand come with one request. What could not be sealed fails alone. */
  sealMany<C extends Content>(contents: ReadonlyArray<ToSeal<C>>, { signal }: CallOptions = {}): Promise<Result<Sealed<C>>[]> {
    return Promise.all(contents.map(({ session, content, ...options }) => settle(this.seal(session, content, { ...options, signal: options.signal ?? signal }))));
  }

  #sealing(session: string, size: number | undefined, name: string | undefined, type: string | undefined, options: SealOptions): Promise<Sealing> {
    const version = options.version ?? 1;
    if (!Number.isSafeInteger(version) || version < 1) throw invalid("versions are counted from 1");
    if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) throw invalid("size is a number of bytes");
    return this.#state.withKeys(
      (core) => core.sealing(session, options.object, BigInt(version), name, type, size === undefined ? undefined : BigInt(size)),
      options.signal,
    );
  }

  /**
   * Opens an object: its session and author are looked up, and its content can then be read. Keys for all that are being
   * opened at the same time come with one request.
   */
  open(source: Source, watch: Watch = {}): Promise<Opened> {
    return guarded(() => {
      watch.signal?.throwIfAborted();
      return Opened.from(source, this.#state, watch);
    }, watch.signal);
  }

  /** Opens many at once. What could not be opened fails alone. */
  openMany(sources: readonly Source[], watch: Watch = {}): Promise<Result<Opened>[]> {
    return Promise.all(sources.map((source) => settle(this.open(source, watch))));
  }

  /** The content of an object from `start` up to and without `end`, without the rest. */
  async openRange(source: Bytes | Blob | RandomAccess, start: number, end: number, watch: Watch = {}): Promise<Uint8Array<ArrayBuffer>> {
    const opened = await this.open(source, watch);
    try {
      return await opened.range(start, end);
    } finally {
      opened.close();
    }
  }
}

