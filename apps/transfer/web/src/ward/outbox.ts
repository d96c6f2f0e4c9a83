import type { QueryClient } from "@tanstack/react-query";
import type { Wardseal } from "@wardseal/sdk";

import type { CaseRecord, RequestRecord } from "../api/types";
import { ulid } from "../api/ulid";
import { openPending, type PendingWish } from "./escrow";
import { describe, run } from "./jobs";
import type { Job, Notes } from "./notes";

/** How a job stands, for whoever looks. */
export interface JobView {
  readonly id: string;
  readonly kind: Job["kind"];
  readonly case: string;
  /** For `send` and `disclose`. */
  readonly requests: readonly string[];
  /** For `upload`, once it is known: it is sealed in the bytes. */
  readonly name: string;
  readonly step: "sealing" | "sending" | "waiting" | "elsewhere" | "failed";
  readonly done: number;
  readonly whole: number;
  /** Why it waits or failed. */
  readonly error: unknown;
}

export interface Send {
  readonly case: CaseRecord;
  /** Facilities (`grp_…`), and such as have no keys yet, by their identifiers, with how each gets them. */
  readonly to: readonly { readonly to: string; readonly wish?: PendingWish }[];
  /** Identifiers of the fields of stage 1. */
  readonly fields: readonly string[];
}

export interface Disclose {
  readonly case: CaseRecord;
  readonly request: RequestRecord;
  /** Identifiers of the fields of stage 2. */
  readonly fields: readonly string[];
}

/** Milliseconds before a job that could not be done is tried again, at first and at most. */
const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 30_000;
/** Milliseconds after which jobs of tabs that have gone are taken over. */
const SWEEP = 10_000;

interface Live {
  job: Job | undefined;
  view: JobView;
  readonly stop: AbortController;
  running: boolean;
  wait: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly ended: Ending;
}

/** What an attempt came to. */
type Outcome = { readonly step: "done" } | { readonly step: "elsewhere" } | { readonly step: "waiting" | "failed"; readonly error: unknown };

/** The end of a job, for whoever waits for it. */
interface Ending {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

function ending(): Ending {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever began it may have left the screen.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && "retryable" in error && error.retryable === true;
}

/** Runs `work` in one tab at a time; `false` when another tab is at it. */
async function alone(id: string, work: () => Promise<void>): Promise<boolean> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks === undefined) {
    await work();
    return true;
  }
  return locks.request(`wardseal/job/${id}`, { ifAvailable: true }, async (lock) => {
    if (lock === null) return false;
    await work();
    return true;
  });
}

/**
 * What has to arrive, whatever happens to the page: asking facilities, opening the record, sending documents. Each is
 * noted before it begins and forgotten when the server has it; in between it goes on after a reload, in another tab, or
 * when the connection is back.
 */
export class Outbox {
  readonly #ward: Wardseal;
  readonly #client: QueryClient;
  readonly #notes: Notes;
  readonly #user: string;
  readonly #jobs = new Map<string, Live>();
  readonly #listeners = new Set<() => void>();
  readonly #tabs = new BroadcastChannel("wardseal-outbox");
  readonly #sweeping: ReturnType<typeof setInterval>;
  #views: readonly JobView[] = [];
  #stopped = false;

  constructor(ward: Wardseal, user: string, client: QueryClient, notes: Notes) {
    this.#ward = ward;
    this.#user = user;
    this.#client = client;
    this.#notes = notes;
    this.#tabs.onmessage = () => void this.sweep();
    this.#sweeping = setInterval(() => void this.sweep(), SWEEP);
    void this.sweep();
  }

  get views(): readonly JobView[] {
    return this.#views;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks facilities. Resolved when the server has all of it; meanwhile it is among {@link views}. */
  async send({ case: record, to, fields }: Send): Promise<void> {
    // Where a facility has no keys yet, its share is left at both servers before anything is noted: what is known of it
    // for that, such as a code, is not kept here.
    const parts = await Promise.all(
      to.map(async ({ to: address, wish }) => ({ request: ulid(), to: address, blob: ulid(), ...(wish === undefined ? {} : await openPending(this.#ward, record.facility, wish)) })),
    );
    return this.#begin({
      kind: "send",
      id: ulid(),
      user: this.#user,
      facility: record.facility,
      case: record.id,
      created: Date.now(),
      source: { blob: record.sealed, session: record.session, fields },
      parts,
    });
  }

  /** Opens the full record for one facility. */
  async disclose({ case: record, request, fields }: Disclose): Promise<void> {
    return this.#begin({
      kind: "disclose",
      id: ulid(),
      user: this.#user,
      facility: record.facility,
      case: record.id,
      created: Date.now(),
      source: { blob: record.sealed, session: record.session, fields },
      request: request.id,
      to: request.to,
      documentsSession: record.documentsSession,
      blob: ulid(),
    });
  }

  /**
   * Seals a file and sends it. Until it is sealed a reload loses it: the page does not keep what can be read. From then on
   * it arrives.
   */
  async upload(record: CaseRecord, file: File): Promise<void> {
    const id = ulid();
    const live = this.#live({ id, kind: "upload", case: record.id, requests: [], name: file.name, step: "sealing", done: 0, whole: file.size, error: undefined });
    try {
      const bytes = await this.#ward.seal(record.documentsSession, file, {
        signal: live.stop.signal,
        onProgress: (done) => this.#show(live, { done }),
      });
      const job: Job = { kind: "upload", id, user: this.#user, facility: record.facility, case: record.id, created: Date.now(), blob: ulid(), size: bytes.size };
      await this.#notes.put(job, bytes);
      live.job = job;
      this.#show(live, { step: "sending", done: 0, whole: bytes.size });
      void this.#run(live);
    } catch (error) {
      this.#end(live, error);
    }
    return live.ended.promise;
  }

  /** Stops a job. What the server has not taken is forgotten. */
  async cancel(id: string): Promise<void> {
    const live = this.#jobs.get(id);
    live?.stop.abort();
    await this.#notes.drop(id);
    if (live !== undefined) this.#end(live, live.stop.signal.reason);
    this.#tabs.postMessage("changed");
  }

  /** Tries at once what waits or has failed. */
  retry(id?: string): void {
    for (const live of this.#jobs.values()) {
      if (id !== undefined && live.view.id !== id) continue;
      if (id === undefined && live.view.step !== "waiting") continue;
      live.wait = FIRST_WAIT;
      void this.#run(live);
    }
  }

  /** Finds what other tabs noted or left behind. */
  async sweep(): Promise<void> {
    const jobs = (await this.#notes.all()).filter(({ user }) => user === this.#user);
    if (this.#stopped) return;
    const noted = new Set(jobs.map(({ id }) => id));
    for (const live of [...this.#jobs.values()]) {
      if (live.job !== undefined && !live.running && !noted.has(live.view.id)) this.#end(live, undefined);
    }
    for (const job of jobs) {
      const live = this.#jobs.get(job.id) ?? this.#live(viewOf(job));
      live.job = job;
      if (live.view.step === "elsewhere" || live.view.step === "sending") void this.#run(live);
      if (job.kind === "upload" && live.view.name === "") void this.#name(live, job);
    }
  }

  /** Lets go of everything; the notes stay. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#sweeping);
    this.#tabs.close();
    for (const live of this.#jobs.values()) {
      clearTimeout(live.timer);
      live.stop.abort();
    }
    this.#jobs.clear();
    this.#changed();
  }

  async #begin(job: Job): Promise<void> {
    await this.#notes.put(job);
    const live = this.#live(viewOf(job));
    live.job = job;
    void this.#run(live);
    return live.ended.promise;
  }

  #live(view: JobView): Live {
    const live: Live = { job: undefined, view, stop: new AbortController(), running: false, wait: FIRST_WAIT, timer: undefined, ended: ending() };
    this.#jobs.set(view.id, live);
    this.#changed();
    return live;
  }

  async #name(live: Live, job: Extract<Job, { kind: "upload" }>): Promise<void> {
    try {
      const bytes = await this.#notes.bytes(job.id);
      if (bytes !== undefined) this.#show(live, { name: (await describe(this.#ward, job, bytes)).name });
    } catch {
      // It goes without its name; sending it will say what is wrong.
    }
  }

  async #run(live: Live): Promise<void> {
    if (live.running || this.#stopped) return;
    clearTimeout(live.timer);
    live.running = true;
    let outcome: Outcome = { step: "elsewhere" };
    await alone(live.view.id, async () => {
      outcome = await this.#work(live);
    });
    live.running = false;
    this.#settle(live, outcome);
  }

  async #work(live: Live): Promise<Outcome> {
    try {
      // Another tab may have got further, or may have finished it.
      const job = await this.#notes.get(live.view.id);
      if (job === undefined) return { step: "done" };
      this.#show(live, { step: "sending", error: undefined });
      await run(job, {
        ward: this.#ward,
        client: this.#client,
        notes: this.#notes,
        signal: live.stop.signal,
        onProgress: (done, whole) => this.#show(live, { done, whole }),
      });
      await this.#notes.drop(job.id);
      return { step: "done" };
    } catch (error) {
      return { step: isRetryable(error) ? "waiting" : "failed", error };
    }
  }

  #settle(live: Live, outcome: Outcome): void {
    if (live.stop.signal.aborted || this.#stopped) return;
    if (outcome.step === "done") {
      this.#tabs.postMessage("changed");
      this.#end(live, undefined);
    } else if (outcome.step === "waiting") {
      live.timer = setTimeout(() => void this.#run(live), live.wait);
      live.wait = Math.min(live.wait * 2, LONGEST_WAIT);
      this.#show(live, outcome);
    } else if (outcome.step === "failed") {
      // It stays in sight until somebody tries again or gives it up.
      this.#show(live, outcome);
      live.ended.reject(outcome.error);
    } else {
      this.#show(live, outcome);
    }
  }

  #end(live: Live, error: unknown): void {
    clearTimeout(live.timer);
    this.#jobs.delete(live.view.id);
    if (error === undefined) live.ended.resolve();
    else live.ended.reject(error);
    this.#changed();
  }

  #show(live: Live, more: Partial<JobView>): void {
    if (this.#jobs.get(live.view.id) !== live) return;
    live.view = { ...live.view, ...more };
    this.#changed();
  }

  #changed(): void {
    this.#views = [...this.#jobs.values()].map(({ view }) => view);
    for (const listener of this.#listeners) listener();
  }
}

function viewOf(job: Job): JobView {
  const requests = job.kind === "send" ? job.parts.map(({ request }) => request) : job.kind === "disclose" ? [job.request] : [];
  return { id: job.id, kind: job.kind, case: job.case, requests, name: "", step: "sending", done: 0, whole: job.kind === "upload" ? job.size : 1, error: undefined };
}
