import { first, results, type CallOptions, type Result } from "./calls.js";
import type { ClientState } from "./client.js";
import { invalid } from "./errors.js";
import type { NewPending, PendingRecipient } from "./escrow.js";
import type { JoinOptions } from "./groups.js";

/** What a recipient may do. Each includes the one before: open and write, grant to others, change and revoke. */
export type Right = "read" | "share" | "manage";

/** A change of a right: whose, and when by his clock. */
export interface RightChange {
  readonly by: string;
  readonly time: Date;
}

/** A recipient of a session, and how it became one: verified, not claimed. */
export interface Recipient {
  /** A user, a group, a parent session, or somebody who has no keys yet (`pnd_…`). */
  readonly id: string;
  readonly right: Right;
  /**
   * The session was made for it, somebody granted it, or it had been awaited and claimed the session, or a recipient let it
   * in.
   */
  readonly how: "created" | "granted" | "claimed" | "completed";
  /** Who let it in (`usr_…`). */
  readonly by: string;
  /** By which device. */
  readonly device: string;
  /** When, by that device's clock. */
  readonly time: Date;
  /** The last change of its right since then. */
  readonly changed?: RightChange;
}

/** A recipient, and what it may do. */
export interface Grant {
  readonly id: string;
  readonly right: Right;
}

/** Something that happened in a session, by whom and when: verified, not claimed. */
export type SessionEvent = {
  /** Its place in the tenant's history. */
  readonly position: number;
  /** When, by the device's clock. */
  readonly time: Date;
  readonly by: string;
  readonly device: string;
} & (
  | { readonly what: "created"; readonly recipients: readonly Grant[]; readonly label?: string }
  | { readonly what: "granted" | "rights_set"; readonly recipient: string; readonly right: Right }
  | { readonly what: "revoked"; readonly recipients: readonly string[] }
  | { readonly what: "claimed"; readonly pending: string; readonly recipient: string; readonly completed: boolean }
  | { readonly what: "rotated" | "described" | "ended" }
);

/** A session, as this person sees it. */
export interface Session {
  /** `ses_…` */
  readonly id: string;
  readonly recipients: readonly Recipient[];
  /** The recipients that may manage it. */
  readonly managing: readonly string[];
  /** This person's right, directly, through a group or through a parent. */
  readonly right: Right;
  /** How often its key changed. */
  readonly epoch: number;
  /** A label in clear, if the application wanted one. */
  readonly label?: string;
  /** What the application keeps beside the session, readable by its recipients alone. */
  readonly metadata?: unknown;
}

/** A session and those under it, whose keys are at hand. */
export interface SessionTree {
  readonly session: Session;
  /** The sessions of which it is a parent, oldest first: a thousand at most. */
  readonly children: readonly string[];
  /** What to ask {@link Sessions.page} with for more of them; absent when these are all. */
  readonly next?: number;
}

/** A new session. Recipients are users (`usr_…`), groups (`grp_…`) and parent sessions (`ses_…`). */
export interface NewSession {
  readonly read?: readonly string[];
  readonly share?: readonly string[];
  /** At least one. */
  readonly manage: readonly string[];
  /** A label in clear: the servers can read it. */
  readonly label?: string;
  /** Anything that is JSON, up to 15 kB, readable by recipients alone. */
  readonly metadata?: unknown;
}

/** Which sessions are listed. */
export interface ListOptions extends CallOptions {
  /** Those under this session only, of which it is a parent. By default all. */
  readonly parent?: string;
  /** How many are fetched at a time: 100 by default, 1000 at most. */
  readonly pageSize?: number;
}

/** Which page of a list. */
export interface PageOptions extends CallOptions {
  /** Those under this session only, of which it is a parent. By default all. */
  readonly parent?: string;
  /** {@link SessionPage.next} of the page before. */
  readonly after?: number;
  /** How many: 100 by default, 1000 at most. */
  readonly limit?: number;
}

/** A page of a list. */
export interface SessionPage {
  /** Oldest first. */
  readonly sessions: readonly string[];
  /** What to ask the next page with; absent on the last. */
  readonly next?: number;
}

/** Sessions of one page. */
const PAGE = 100;

function encode(metadata: unknown): Uint8Array {
  const text = JSON.stringify(metadata);
  if (text === undefined) throw invalid("metadata is anything that is JSON");
  return new TextEncoder().encode(text);
}

/** What has a time, as the core gives it. */
type Raw<T> = Omit<T, "time"> & { readonly time: number };
type RawRecipient = Raw<Omit<Recipient, "changed">> & { readonly changed?: Raw<RightChange> };
type RawSession = Omit<Session, "metadata" | "recipients"> & { readonly metadata?: Uint8Array; readonly recipients: readonly RawRecipient[] };

function dated<T extends { readonly time: number }>(raw: T): Omit<T, "time"> & { readonly time: Date } {
  return { ...raw, time: new Date(raw.time) };
}

function decode({ metadata, recipients, ...session }: RawSession): Session {
  const decoded = {
    ...session,
    recipients: recipients.map(({ changed, ...recipient }) => ({ ...dated(recipient), ...(changed && { changed: dated(changed) }) })),
  };
  if (metadata === undefined) return decoded;
  try {
    return { ...decoded, metadata: JSON.parse(new TextDecoder().decode(metadata)) as unknown };
  } catch {
    // Somebody's client wrote something else there. It is not ours to read.
    return decoded;
  }
}

/** A session that is to be made, as the core takes it. */
function encoded({ read = [], share = [], manage, label, metadata }: NewSession): unknown[] {
  const recipients = [...read, ...share, ...manage];
  const rights = recipients.map((_, at): Right => (at < read.length ? "read" : at < read.length + share.length ? "share" : "manage"));
  return [recipients, rights, label, metadata === undefined ? undefined : encode(metadata)];
}

/** Who may open what. */
export class Sessions {
  readonly #state: ClientState;

  /** @internal */
  constructor(state: ClientState) {
    this.#state = state;
  }

  /** Makes a session; gives its identifier. This person must be among the recipients. */
  async create(session: NewSession, options: CallOptions = {}): Promise<string> {
    return first(await this.createMany([session], options));
  }

  /** Makes many sessions in one step. What is wrong with one fails alone. */
  createMany(sessions: readonly NewSession[], { signal }: CallOptions = {}): Promise<Result<string>[]> {
    return this.#state.run(async (core) => results<string>(await core.createSessions(sessions.map(encoded))), signal);
  }

  async get(session: string, { signal }: CallOptions = {}): Promise<Session> {
    return decode(await this.#state.run((core) => core.session(session) as Promise<RawSession>, signal));
  }

  /** Fetches up to a thousand sessions in one request, in the order asked. What is not for this person fails alone. */
  async getMany(sessions: readonly string[], { signal }: CallOptions = {}): Promise<Result<Session>[]> {
    const found = await this.#state.run(async (core) => results<RawSession>(await core.fetchSessions([...sessions])), signal);
    return found.map((each) => (each.ok ? { ok: true, value: decode(each.value) } : each));
  }

  /**
   * A session and those under it, with their keys, by one request: whoever opens a case opens its attachments without asking
   * again.
   */
  async tree(session: string, { signal }: CallOptions = {}): Promise<SessionTree> {
    const tree = await this.#state.run((core) => core.tree(session) as Promise<Omit<SessionTree, "session"> & { readonly session: RawSession }>, signal);
    return { ...tree, session: decode(tree.session) };
  }

  /** A page of the sessions that this person may open. */
  page({ parent, after, limit = PAGE, signal }: PageOptions = {}): Promise<SessionPage> {
    const from = after === undefined ? undefined : BigInt(after);
    return this.#state.run((core) => core.sessions(parent, from, limit) as Promise<SessionPage>, signal);
  }

  /** The sessions that this person may open, oldest first. They are fetched page by page, as far as they are read. */
  async *list({ parent, pageSize = PAGE, signal }: ListOptions = {}): AsyncGenerator<string, void, undefined> {
    for (let after: number | undefined; ; ) {
      const { sessions, next } = await this.page({ limit: pageSize, signal, ...(parent === undefined ? {} : { parent }), ...(after === undefined ? {} : { after }) });
      yield* sessions;
      if (next === undefined) return;
      after = next;
    }
  }

  /** Grants a right to one more recipient: nobody grants more than he has. */
  grant(session: string, recipient: string, right: Right, { fromJoin = false, signal }: JoinOptions = {}): Promise<void> {
    return this.#state.run((core) => core.grant(session, recipient, right, fromJoin), signal);
  }

  /** Grants rights to many in one step. What is wrong with one fails alone. */
  grantMany(session: string, recipients: readonly Grant[], { signal }: CallOptions = {}): Promise<Result<void>[]> {
    const ids = recipients.map(({ id }) => id);
    const rights = recipients.map(({ right }) => right);
    return this.#state.run(async (core) => results<void>(await core.grantMany(session, ids, rights)), signal);
  }

  /**
   * Grants a right to somebody who has no keys yet: the session's key lies in escrow until he claims it. Gives the pending
   * recipient (`pnd_…`). Throws `has_identity` when somebody carries the name: grant it to him.
   */
  grantPending(session: string, { name, policy, right = "read", expiresInDays = 30, address, code, language, group }: NewPending, { signal }: CallOptions = {}): Promise<string> {
    const expires = this.#state.clock.now() + expiresInDays * 86_400_000;
    const to = policy === "verified" ? address : undefined;
    return this.#state.run((core) => core.grantPending(session, name, policy, right, expires, group, to, code, language) as Promise<string>, signal);
  }

  /** Who is awaited in a session. */
  pending(session: string, { signal }: CallOptions = {}): Promise<PendingRecipient[]> {
    return this.#state.run((core) => core.awaited(session) as Promise<PendingRecipient[]>, signal);
  }

  /** Revokes recipients; the session gets a new key in the same step. */
  revoke(session: string, recipients: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.revoke(session, [...recipients]), signal);
  }

  /**
   * Revokes everybody but the one recipient through whom this person manages the session: herself, else a group of hers, else
   * a parent session. Gives who was revoked.
   */
  revokeOthers(session: string, { signal }: CallOptions = {}): Promise<string[]> {
    return this.#state.run((core) => core.revokeOthers(session) as Promise<string[]>, signal);
  }

  /**
   * Ends a session for everybody, this person too: the server gives its keys to nobody any more, and nothing can be sealed to
   * it. That cannot be undone. Who has its keys in a cache opens with them until its time is over.
   */
  revokeAll(session: string, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.revokeAll(session), signal);
  }

  /** Revokes recipients of many sessions in one step. What is wrong with one fails alone. */
  revokeMany(
    revocations: ReadonlyArray<{ readonly session: string; readonly recipients: readonly string[] }>,
    { signal }: CallOptions = {},
  ): Promise<Result<void>[]> {
    const items = revocations.map(({ session, recipients }) => [session, recipients]);
    return this.#state.run(async (core) => results<void>(await core.revokeMany(items)), signal);
  }

  /** What happened in a session, in order: who did what, and when. */
  async history(session: string, { signal }: CallOptions = {}): Promise<SessionEvent[]> {
    const events = await this.#state.run((core) => core.history(session) as Promise<Raw<SessionEvent>[]>, signal);
    return events.map((event) => dated(event) as SessionEvent);
  }

  /**
   * What opens everything that was sealed for these sessions up to now. Whoever holds these bytes holds their content, and no
   * revocation reaches them: they are a secret.
   */
  export(sessions: readonly string[], { signal }: CallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.#state.run((core) => core.exportSessions([...sessions]) as Promise<Uint8Array<ArrayBuffer>>, signal);
  }

  /**
   * Takes in what was exported; gives its sessions. What is sealed for them then opens here without a server, and without
   * anybody being signed in, for as long as the cache keeps keys. It throws `invalid` when the cache is off.
   */
  import(exported: Uint8Array): Promise<string[]> {
    return this.#state.run((core) => core.importSessions(exported) as Promise<string[]>);
  }

  setRights(session: string, recipient: string, right: Right, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.setRights(session, recipient, right), signal);
  }

  /** Replaces the metadata. */
  describe(session: string, metadata: unknown, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run(async (core) => core.describe(session, encode(metadata)), signal);
  }

  /** Drops the keys of all sessions, those that were imported too. */
  forget(): Promise<void> {
    return this.#state.run((core) => core.forgetSessions());
  }
}
