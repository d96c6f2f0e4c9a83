import type { CallOptions, Result } from "./calls.js";
import type { ClientState } from "./client.js";
import { WardsealError, invalid } from "./errors.js";
import type { NewPending, PendingRecipient } from "./escrow.js";
import type { JoinOptions } from "./groups.js";

/** What a recipient may do. Each includes the one before: open and write, grant to others, change and revoke. */
export type Right = "read" | "share" | "manage";

/** A recipient of a session. */
export interface Recipient {
  /** A user, a group, a parent session, or somebody who has no keys yet (`pnd_…`). */
  readonly id: string;
  readonly right: Right;
}

/** A session, as this person sees it. */
export interface Session {
  /** `ses_…` */
  readonly id: string;
  readonly recipients: readonly Recipient[];
  /** This person's right, directly, through a group or through a parent. */
  readonly right: Right;
  /** How often its key changed. */
  readonly epoch: number;
  /** A label in clear, if the application wanted one. */
  readonly label?: string;
  /** What the application keeps beside the session, readable by its recipients alone. */
  readonly metadata?: unknown;
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
  /** How many are fetched at a time: 100 by default, 1000 at most. */
  readonly pageSize?: number;
}

/** Which page of a list. */
export interface PageOptions extends CallOptions {
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

/** A session as the core gives it. */
type RawSession = Omit<Session, "metadata"> & { readonly metadata?: Uint8Array };

function decode({ metadata, ...session }: RawSession): Session {
  if (metadata === undefined) return session;
  try {
    return { ...session, metadata: JSON.parse(new TextDecoder().decode(metadata)) as unknown };
  } catch {
    // Somebody's client wrote something else there. It is not ours to read.
    return session;
  }
}

/** Who may open what. */
export class Sessions {
  readonly #state: ClientState;

  /** @internal */
  constructor(state: ClientState) {
    this.#state = state;
  }

  /** Makes a session; gives its identifier. This person must be among the recipients. */
  create({ read = [], share = [], manage, label, metadata }: NewSession, { signal }: CallOptions = {}): Promise<string> {
    const rights: [Right, readonly string[]][] = [
      ["read", read],
      ["share", share],
      ["manage", manage],
    ];
    const recipients = rights.flatMap(([right, ids]) => ids.map((id) => ({ id, right })));
    return this.#state.run(
      async (core) =>
        core.createSession(
          recipients.map(({ id }) => id),
          recipients.map(({ right }) => right),
          label,
          metadata === undefined ? undefined : encode(metadata),
        ) as Promise<string>,
      signal,
    );
  }

  async get(session: string, { signal }: CallOptions = {}): Promise<Session> {
    return decode(await this.#state.run((core) => core.session(session) as Promise<RawSession>, signal));
  }

  /** Fetches up to a thousand sessions in one request, in the order asked. What is not for this person fails alone. */
  async getMany(sessions: readonly string[], { signal }: CallOptions = {}): Promise<Result<Session>[]> {
    const found = await this.#state.run((core) => core.fetchSessions([...sessions]) as Promise<RawSession[]>, signal);
    return sessions.map((wanted) => {
      const session = found.find(({ id }) => id === wanted);
      if (session !== undefined) return { ok: true, value: decode(session) };
      return { ok: false, error: new WardsealError("no_access", `you have no right to ${wanted}, or not any more: ask who manages it`) };
    });
  }

  /** A page of the sessions that this person may open. */
  page({ after, limit = PAGE, signal }: PageOptions = {}): Promise<SessionPage> {
    const from = after === undefined ? undefined : BigInt(after);
    return this.#state.run((core) => core.sessions(from, limit) as Promise<SessionPage>, signal);
  }

  /** The sessions that this person may open, oldest first. They are fetched page by page, as far as they are read. */
  async *list({ pageSize = PAGE, signal }: ListOptions = {}): AsyncGenerator<string, void, undefined> {
    for (let after: number | undefined; ; ) {
      const { sessions, next } = await this.page({ limit: pageSize, signal, ...(after === undefined ? {} : { after }) });
      yield* sessions;
      if (next === undefined) return;
      after = next;
    }
  }

  /** Grants a right to one more recipient: nobody grants more than he has. */
  grant(session: string, recipient: string, right: Right, { fromJoin = false, signal }: JoinOptions = {}): Promise<void> {
    return this.#state.run((core) => core.grant(session, recipient, right, fromJoin), signal);
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

  setRights(session: string, recipient: string, right: Right, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run((core) => core.setRights(session, recipient, right), signal);
  }

  /** Replaces the metadata. */
  describe(session: string, metadata: unknown, { signal }: CallOptions = {}): Promise<void> {
    return this.#state.run(async (core) => core.describe(session, encode(metadata)), signal);
  }

  /** Drops the keys of all sessions. */
  forget(): Promise<void> {
    return this.#state.run((core) => core.forgetSessions());
  }
}
