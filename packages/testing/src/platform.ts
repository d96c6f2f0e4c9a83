import { loadServers } from "#load";
import { Wardseal, memoryStore, type GroupNameRequest, type Options, type SignUpRequest } from "@wardseal/sdk";

import { TestClock } from "./clock.js";
import { Faults, type Befalls } from "./faults.js";
import { Platform, keysAddress, problem, tenantAddress, vaultAddress, type Answer } from "./generated/platform.js";
import { Mailbox, type Letter } from "./mailbox.js";
import type { Role, TestRequest } from "./requests.js";

/** How long a request for news waits, by the clock of the platform, as at the real server. */
const NEWS_TIME = 25_000;

/** How a platform begins. */
export interface TestPlatformOptions {
  /** What its clock shows. By default the present. */
  readonly now?: Date;
  /** A whole number that makes the same servers and the same tenant again. By default they are new every time. */
  readonly seed?: number;
}

/** What a {@link Wardseal} is opened with; all of it can be changed. */
export type TestOptions = Options & Required<Pick<Options, "keys" | "vault" | "tenantServer" | "store" | "fetch">> & { readonly clock: TestClock };

/** Which record is to be recovered by mail, and by whom. */
export interface RecoveryRequest {
  readonly user: string;
  readonly record: string;
  readonly clientKey: string;
}

/** The parts of a request that count. */
interface Asked {
  /** When, by the clock of the platform. */
  readonly begun: number;
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** A wait that can be ended. */
interface Waiting {
  /** Whether what is written ends it. */
  readonly news: boolean;
  wake(): void;
}

/**
 * The real key server and vault in memory, with a tenant, a clock that stands still and a network that fails when told to.
 * Nothing listens anywhere: requests are handed over by the `fetch` of {@link TestPlatform.options}.
 */
export class TestPlatform {
  readonly #servers: Platform;
  readonly #roles: ReadonlyMap<string, Role>;
  readonly #people = new Set<Wardseal>();
  readonly #waiting = new Set<Waiting>();
  #growth: bigint;
  #closed = false;
  /** What the clock showed when the platform was closed. */
  #ended: number | undefined;
  /** The time of the servers, and of every client that is opened with {@link TestPlatform.options}. */
  readonly clock: TestClock;
  /** What goes wrong. */
  readonly faults = new Faults();
  /** Every request that came, the oldest first. */
  readonly requests: TestRequest[] = [];
  /** Where the letters of both servers arrive. */
  readonly mailbox = new Mailbox();
  /** The tenant (`ten_…`). */
  readonly tenant: string;

  private constructor(servers: Platform) {
    this.#servers = servers;
    this.#growth = servers.growth();
    this.#roles = new Map<string, Role>([
      [keysAddress(), "keys"],
      [vaultAddress(), "vault"],
      [tenantAddress(), "tenant"],
    ]);
    this.tenant = servers.tenant;
    this.clock = new TestClock(
      () => this.#ended ?? Number(servers.now()),
      (ms) => {
        this.#open().advance(BigInt(ms));
        this.#news();
      },
    );
  }

  /** A platform with a tenant and nobody in it. Platforms share nothing. */
  static async create({ now = new Date(), seed }: TestPlatformOptions = {}): Promise<TestPlatform> {
    await loadServers();
    return new TestPlatform(new Platform(BigInt(now.getTime()), seed === undefined ? undefined : BigInt(seed)));
  }

  /**
   * Somebody who is signed up under a name, on a machine of his own. `options` change what the client is opened with: its
   * cache, its store. It is closed with the platform.
   */
  async person(name: string, options: Partial<Options> = {}): Promise<Wardseal> {
    const ward = await this.open(options);
    await ward.signUp(name, (request) => this.sign(request));
    return ward;
  }

  /** A machine on which nobody is signed up, unless its `store` says otherwise. It is closed with the platform. */
  async open(options: Partial<Options> = {}): Promise<Wardseal> {
    const ward = await Wardseal.open({ ...this.options(), ...options });
    this.#people.add(ward);
    return ward;
  }

  /** What to open a client with by yourself: each time another machine, with a store of its own. */
  options(): TestOptions {
    // The application knows its people by a login of its own: here, by whom the key server let in last from the same machine.
    let caller: string | undefined;
    const send: typeof fetch = async (input, init) => {
      // Now, not when the body was read: whoever moves the clock next moves it for this request too.
      const begun = this.clock.now();
      const asked = { begun, ...(await read(input, init)) };
      const response = await this.#answer(asked, caller);
      if (response.ok && asked.url.pathname === "/v1/sign-in") {
        caller = (JSON.parse(new TextDecoder().decode(asked.body)) as { user: string }).user;
      }
      return response;
    };
    return {
      tenant: this.tenant,
      keys: keysAddress(),
      vault: vaultAddress(),
      tenantServer: tenantAddress(),
      store: memoryStore(),
      fetch: send,
      clock: this.clock,
    };
  }

  /** Signs what {@link Wardseal.signUp} and `groups.bind` hand over, as the application's own server does. It checks that the request is for its name, and nobody's papers. */
  sign(request: SignUpRequest | GroupNameRequest): string {
    return this.#open().sign(JSON.stringify(request));
  }

  /** Signs that the vault may mail a code for a record: the `token` of what {@link Wardseal.recoverByMail} asks the application for. */
  signRecovery(request: RecoveryRequest): string {
    return this.#open().signRecovery(JSON.stringify(request));
  }

  /** Closes every client that it opened, and ends the servers with all that they keep. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await Promise.all([...this.#people].map((ward) => ward.close()));
    this.#ended = this.clock.now();
    this.#closed = true;
    for (const waiting of [...this.#waiting]) waiting.wake();
    this.#servers.free();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): Platform {
    if (this.#closed) throw new Error("the platform is closed");
    return this.#servers;
  }

  async #answer(asked: Asked, caller: string | undefined): Promise<Response> {
    const { begun, method, signal } = asked;
    const { origin, pathname } = asked.url;
    const role = this.#roles.get(origin);
    if (this.#closed) throw broken();
    if (role === undefined) throw new TypeError(`fetch failed: ${origin} is no server of this platform`);
    const seen = { method, path: pathname, role, time: begun, status: undefined as number | undefined };
    this.requests.push(seen);
    signal?.throwIfAborted();
    const fault = this.faults.offline ? OFFLINE : this.faults.take(role, pathname);
    if (fault !== undefined && fault.delay > 0) await this.#until(begun + fault.delay, signal, false);
    if (this.#closed || fault?.drop === "before") throw broken();
    const instead = fault && refused(fault);
    const response = instead ?? (await this.#ask(asked, caller));
    if (fault?.drop === "after") throw broken();
    seen.status = response.status;
    return response;
  }

  /** Has the servers answer, as soon as there is something to say. */
  async #ask({ begun, url, method, headers, body, signal }: Asked, caller: string | undefined): Promise<Response> {
    const authorization = headers.get("authorization") ?? undefined;
    const contentType = headers.get("content-type") ?? undefined;
    const end = begun + NEWS_TIME;
    for (;;) {
      if (this.#closed) throw broken();
      const last = this.clock.now() >= end;
      const answer = this.#servers.answer(url.origin, method, url.pathname, authorization, contentType, body, caller, last);
      this.#news();
      if (answer !== undefined) return response(answer);
      await this.#until(end, signal, true);
    }
  }

  /** Waits until the clock shows `end`, with `news` also until something was written, or until nobody waits for the answer any more. */
  #until(end: number, signal: AbortSignal | undefined, news: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener("abort", aborted);
        forget();
      };
      const waiting = {
        news,
        wake: (): void => {
          over();
          resolve();
        },
      };
      const aborted = (): void => {
        over();
        reject(signal?.reason as Error);
      };
      let forget = (): void => undefined;
      this.#waiting.add(waiting);
      signal?.addEventListener("abort", aborted);
      forget = this.clock.at(end, waiting.wake);
    });
  }

  /** Takes letters, and wakes whoever waits for what was written. */
  #news(): void {
    this.mailbox.letters.push(...(JSON.parse(this.#servers.letters()) as Letter[]));
    const growth = this.#servers.growth();
    if (growth === this.#growth) return;
    this.#growth = growth;
    for (const waiting of [...this.#waiting]) if (waiting.news) waiting.wake();
  }
}

/** Takes apart what `fetch` is called with. No `Request` is made of it: test runners bring signals of other kinds than it takes. */
async function read(input: RequestInfo | URL, init: RequestInit = {}): Promise<Omit<Asked, "begun">> {
  const given = input instanceof Request ? input : undefined;
  const body = init.body === undefined ? (given?.clone() ?? new Response()) : new Response(init.body);
  return {
    url: new URL(given?.url ?? String(input)),
    method: (init.method ?? given?.method ?? "GET").toUpperCase(),
    headers: new Headers(init.headers ?? given?.headers),
    body: new Uint8Array(await body.arrayBuffer()),
    signal: init.signal ?? given?.signal,
  };
}

const OFFLINE: Befalls = { status: undefined, code: undefined, retryAfter: undefined, delay: 0, drop: "before" };

/** What `fetch` throws when there is no connection. */
function broken(): TypeError {
  return new TypeError("fetch failed");
}

/** What is answered instead of the server's own answer. */
function refused({ status, code = status === 503 ? "unavailable" : undefined, retryAfter }: Befalls): Response | undefined {
  if (code !== undefined) {
    const answer = problem(code, retryAfter === undefined ? undefined : BigInt(retryAfter));
    return response(answer, status);
  }
  if (status === undefined) return undefined;
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  return new Response("something in between is out of order", { status, headers });
}

function response(answer: Answer, status = answer.status): Response {
  const headers: Record<string, string> = { "content-type": answer.contentType };
  if (answer.retryAfter !== undefined) headers["retry-after"] = String(answer.retryAfter);
  const body = answer.body as Uint8Array<ArrayBuffer>;
  answer.free();
  return new Response(body, { status, headers });
}
