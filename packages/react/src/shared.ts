import { Wardseal, WardsealError, type Bytes, type Change, type Profile, type RandomAccess, type Session } from "@wardseal/sdk";

import { Resource, type Work } from "./resource.js";

/** What can be opened more than once: everything but a stream. */
export type Repeatable = Bytes | Blob | RandomAccess;

/** In which form content is given. */
export type Form = "text" | "json" | "blob" | "bytes";

/** An opened object. Its author is verified. */
export interface Content<T> {
  readonly content: T;
  readonly name: string | undefined;
  readonly type: string | undefined;
  readonly session: string;
  readonly object: string;
  readonly version: number;
  /** The user (`usr_…`) who wrote it. */
  readonly author: string;
  /** His device. */
  readonly device: string;
  /** When, by the author's clock. */
  readonly time: Date;
}

/** Which sessions are listed. */
export interface Listed {
  /** At most so many, the oldest first: 100, up to 1000. */
  readonly limit?: number;
  /** Only those under this session, of which it is a parent. */
  readonly parent?: string;
}

/** Whether a change concerns something. */
type Concerns<T> = (change: Change, known: T | undefined) => boolean;

/** All that the components under one provider look up, so that each thing is looked up once. */
export class Shared {
  readonly ward: Wardseal;
  readonly #sessions = new Map<string, Resource<Session>>();
  readonly #lists = new Map<string, Resource<readonly Session[]>>();
  readonly #contents = new WeakMap<object, Map<Form, Resource<Content<unknown>>>>();
  /** What components want just now, and what each does about a change. */
  readonly #followers = new Set<(change: Change) => void>();
  #watching: AbortController | undefined;
  readonly profile: Resource<Profile | undefined>;
  #who: string | undefined;

  constructor(ward: Wardseal) {
    this.ward = ward;
    this.profile = this.#resource(async () => ward.profile, (change) => change.id === ward.profile?.user);
  }

  session(id: string): Resource<Session> {
    return kept(this.#sessions, id, () =>
      this.#resource(
        (signal) => this.ward.sessions.get(id, { signal }),
        // Also through a parent session, a group or a person.
        (change, known) => change.id === id || change.kind !== "session" || known === undefined || known.recipients.some((recipient) => recipient.id === change.id),
      ),
    );
  }

  sessions({ limit = 100, parent }: Listed): Resource<readonly Session[]> {
    return kept(this.#lists, `${limit} ${parent ?? ""}`, () =>
      this.#resource(
        async (signal) => {
          const { sessions } = await this.ward.sessions.page({ limit, signal, ...(parent === undefined ? {} : { parent }) });
          const found = await this.ward.sessions.getMany(sessions, { signal });
          // Who lost a session between the two requests has it no more.
          return found.flatMap((result) => (result.ok ? [result.value] : []));
        },
        () => true,
      ),
    );
  }

  content(source: Repeatable, form: Form): Resource<Content<unknown>> {
    const forms = kept(this.#contents, source, () => new Map<Form, Resource<Content<unknown>>>());
    return kept(forms, form, () => this.#resource((signal, known) => this.#open(source, form, signal, known), () => true));
  }

  async #open(source: Repeatable, form: Form, signal: AbortSignal, known: Content<unknown> | undefined): Promise<Content<unknown>> {
    const opened = await this.ward.open(source, { signal });
    try {
      // The same bytes have the same content: what was asked again is whether this person may still open them.
      if (known !== undefined) return known;
      const { name, type, session, object, version, author, device, time } = opened;
      return { content: await read(opened, form), name, type, session, object, version, author, device, time };
    } finally {
      opened.close();
    }
  }

  /** Calls `follower` with every change until the function that this gives is called. */
  follow(follower: (change: Change) => void): () => void {
    // One of its own: the same function may follow twice.
    const own = (change: Change): void => follower(change);
    this.#followers.add(own);
    this.#watching ??= this.#watch();
    return () => {
      this.#followers.delete(own);
      queueMicrotask(() => {
        if (this.#followers.size > 0) return;
        this.#watching?.abort();
        this.#watching = undefined;
      });
    };
  }

  #watch(): AbortController {
    const controller = new AbortController();
    const { signal } = controller;
    const loop = async (): Promise<void> => {
      for await (const change of this.ward.changes({ signal })) {
        for (const follower of [...this.#followers]) follower(change);
      }
    };
    loop()
      .catch(() => undefined)
      .finally(() => {
        // Nobody is signed in yet, for example: the next look-up tries again.
        if (this.#watching === controller) this.#watching = undefined;
      });
    return controller;
  }

  #resource<T>(load: Work<T>["load"], concerns: Concerns<T>): Resource<T> {
    let unfollow: (() => void) | undefined;
    const resource: Resource<T> = new Resource<T>({
      load: async (signal, previous) => {
        try {
          return await load(signal, previous);
        } finally {
          this.#settled();
        }
      },
      used: (used) => {
        unfollow?.();
        unfollow = used ? this.follow((change) => concerns(change, resource.snapshot().data) && resource.reload()) : undefined;
      },
    });
    return resource;
  }

  /** Every answer may have come with news of who is signed in, from another tab for example. */
  #settled(): void {
    const { user, device } = this.ward.profile ?? {};
    const who = `${user} ${device}`;
    if (this.#who !== undefined && this.#who !== who) this.profile.reload();
    this.#who = who;
    if (this.#followers.size > 0) this.#watching ??= this.#watch();
  }
}

/** What a map has under a key, made if it is missing. */
function kept<K, V>(map: { get(key: K): V | undefined; set(key: K, value: V): unknown }, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

async function read(opened: { text(): Promise<string>; blob(): Promise<Blob>; bytes(): Promise<Uint8Array<ArrayBuffer>> }, form: Form): Promise<unknown> {
  if (form === "blob") return opened.blob();
  if (form === "bytes") return opened.bytes();
  const text = await opened.text();
  if (form === "text") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new WardsealError("invalid", "the content is no JSON: open it as text");
  }
}

const all = new WeakMap<Wardseal, Shared>();

/** What belongs to a client. */
export function sharedOf(ward: Wardseal): Shared {
  return kept(all, ward, () => new Shared(ward));
}
