import type { Language } from "../i18n/languages";
import { ApiError, problemOf } from "./errors";
import type {
  CaseRecord,
  CaseUpdate,
  Config,
  Facility,
  Me,
  Move,
  HelpAnswers,
  HelpAsked,
  HelpAsker,
  InvitedFacility,
  Named,
  NewCase,
  NewDisclosure,
  NewRequest,
  NewShare,
  PendingRestart,
  Proof,
  RecoveryStarted,
  RequestRecord,
  Restarted,
  Revocation,
  Share,
  SignedUp,
  SignUp,
} from "./types";

/** Milliseconds until a server that does not answer is given up. Uploads and downloads of files have none: they show progress. */
const TIMEOUT = 30_000;

interface Options {
  readonly method?: string;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; `null` for none. */
  readonly timeout?: number | null;
  /** Not signed in again when the session has ended: for what signs in. */
  readonly plain?: boolean;
}

/** Opens the session again after it ended; says whether that worked. Set by the one who has the keys. */
export type Renew = () => Promise<boolean>;

let renew: Renew = async () => false;
let renewing: Promise<boolean> | undefined;

/** Says how a session that has ended is opened again. */
export function onSessionEnded(how: Renew): void {
  renew = how;
}

/** Many requests that find the session ended sign in once. */
function renewOnce(): Promise<boolean> {
  renewing ??= renew().finally(() => {
    renewing = undefined;
  });
  return renewing;
}

async function once(path: string, { method = "GET", json, body, headers = {}, signal, timeout = TIMEOUT }: Options): Promise<Response> {
  const limits = [signal, timeout === null ? undefined : AbortSignal.timeout(timeout)].filter((each) => each !== undefined);
  try {
    return await fetch(path, {
      method,
      credentials: "same-origin",
      cache: method === "GET" ? "default" : "no-store",
      redirect: "error",
      headers: json === undefined ? headers : { ...headers, "content-type": "application/json" },
      ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
      ...(limits.length === 0 ? {} : { signal: AbortSignal.any(limits) }),
    });
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof DOMException && thrown.name === "TimeoutError") throw new ApiError(0, "timeout", "the server did not answer in time");
    throw new ApiError(0, "unreachable", "the server cannot be reached");
  }
}

/** One request. A session that has ended is opened again, once. Throws {@link ApiError}, or what the signal says. */
export async function send(path: string, options: Options = {}): Promise<Response> {
  let response = await once(path, options);
  if (response.status === 401 && options.plain !== true && (await renewOnce())) response = await once(path, options);
  if (response.ok) return response;
  throw await problemOf(response);
}

async function ask<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  try {
    return (await response.json()) as T;
  } catch {
    options.signal?.throwIfAborted();
    throw new ApiError(0, "interrupted", "the answer was cut off");
  }
}

async function tell(path: string, options: Options): Promise<void> {
  await send(path, options);
}

const post = <T>(path: string, json: unknown): Promise<T> => ask<T>(path, { method: "POST", json });
const id = encodeURIComponent;

/** The transfer server, typed. Every change may be repeated: what succeeded before succeeds again. */
export const api = {
  config: (signal?: AbortSignal) => ask<Config>("/api/config", { signal, plain: true }),

  session: {
    challenge: () => ask<{ challenge: string; expires: number }>("/api/session/challenge", { method: "POST", json: {}, plain: true }),
    open: (proof: Proof) => ask<Me>("/api/session", { method: "POST", json: { proof }, plain: true }),
    me: () => ask<Me>("/api/session", { plain: true }),
    end: () => tell("/api/session", { method: "DELETE", plain: true }),
  },
  signUp: (request: SignUp) => ask<SignedUp>("/api/sign-up", { method: "POST", json: request, plain: true }),

  facilities: (signal?: AbortSignal) => ask<Facility[]>("/api/facilities", { signal }),
  /** What members of a facility are called, by this server's word: to be compared with their chains. */
  people: (facility: string, signal?: AbortSignal) => ask<Named[]>(`/api/people?facility=${id(facility)}`, { signal }),

  account: (address: string | null, language: Language) => ask<Me>("/api/account", { method: "PUT", json: { address, language } }),

  /** Somebody is to begin anew. */
  restart: (user: string, facility: string) => post<Restarted>(`/api/people/${id(user)}/restart`, { facility }),
  restarts: (facility: string, signal?: AbortSignal) => ask<PendingRestart[]>(`/api/people/restarts?facility=${id(facility)}`, { signal }),

  recovery: {
    shares: async (signal?: AbortSignal) => (await ask<{ shares: Share[] }>("/api/recovery/share", { signal })).shares,
    putShare: (share: NewShare) => tell("/api/recovery/share", { method: "PUT", json: share }),
    removeShare: (record: string) => tell(`/api/recovery/share?record=${id(record)}`, { method: "DELETE" }),
    start: (name: string, clientKey: string, language: Language) =>
      ask<RecoveryStarted>("/api/recovery/start", { method: "POST", json: { name, clientKey, language }, plain: true }),
    finish: (attempt: string, code: string) => ask<{ share: string }>("/api/recovery/finish", { method: "POST", json: { attempt, code }, plain: true }),
    /** Help of administrators: by who asks. */
    ask: (name: string, clientKey: string) => ask<HelpAsked>("/api/recovery/help", { method: "POST", json: { name, clientKey }, plain: true }),
    poll: (which: string, secret: string) => ask<HelpAnswers>(`/api/recovery/help/${id(which)}/poll`, { method: "POST", json: { secret }, plain: true }),
    /** By administrators. */
    help: (signal?: AbortSignal) => ask<HelpAsker[]>("/api/recovery/help", { signal }),
    release: (which: string, release: string, blob: string) => post<HelpAsker>(`/api/recovery/help/${id(which)}/release`, { release, blob }),
    decline: (which: string) => post<HelpAsker>(`/api/recovery/help/${id(which)}/decline`, {}),
  },

  /** A facility that registers. */
  registration: {
    open: (invitation: string) => ask<InvitedFacility>("/api/facilities/invitation", { method: "POST", json: { invitation }, plain: true }),
    bind: (request: { readonly identifier: string; readonly group: string; readonly commitment: string; readonly index: string }) => post<{ token: string }>("/api/facilities/bind", request),
    register: (identifier: string, group: string) => post<Facility>("/api/facilities/register", { identifier, group }),
  },

  cases: {
    list: (facility: string, after?: string, signal?: AbortSignal) =>
      ask<CaseRecord[]>(`/api/cases?facility=${id(facility)}${after === undefined ? "" : `&after=${id(after)}`}`, { signal }),
    get: (which: string, signal?: AbortSignal) => ask<CaseRecord>(`/api/cases/${id(which)}`, { signal }),
    create: (fresh: NewCase) => post<CaseRecord>("/api/cases", fresh),
    update: (which: string, update: CaseUpdate) => post<CaseRecord>(`/api/cases/${id(which)}/update`, update),
    send: (which: string, version: number, requests: readonly NewRequest[]) => post<CaseRecord>(`/api/cases/${id(which)}/send`, { version, requests }),
    addDocument: (which: string, version: number, blob: string) => post<CaseRecord>(`/api/cases/${id(which)}/documents`, { version, blob }),
    removeDocument: (which: string, version: number, blob: string) =>
      ask<CaseRecord>(`/api/cases/${id(which)}/documents/${id(blob)}?version=${version}`, { method: "DELETE" }),
    choose: (which: string, version: number, request: string) => post<CaseRecord>(`/api/cases/${id(which)}/choose`, { version, request }),
  },

  requests: {
    list: (facility: string, signal?: AbortSignal) => ask<RequestRecord[]>(`/api/requests?facility=${id(facility)}`, { signal }),
    get: (which: string, signal?: AbortSignal) => ask<RequestRecord>(`/api/requests/${id(which)}`, { signal }),
    move: (which: string, move: Move) => post<RequestRecord>(`/api/requests/${id(which)}/move`, move),
    disclose: (which: string, disclosure: NewDisclosure) => post<RequestRecord>(`/api/requests/${id(which)}/disclose`, disclosure),
    /** The facility has the keys of these. */
    delivered: async (facility: string, requests: readonly string[]) => (await post<{ requests: string[] }>("/api/requests/delivered", { facility, requests })).requests,
  },

  revocations: {
    list: (facility: string, signal?: AbortSignal) => ask<Revocation[]>(`/api/revocations?facility=${id(facility)}`, { signal }),
    done: (which: string) => tell(`/api/revocations/${id(which)}/done`, { method: "POST", json: {} }),
  },

  blobs: {
    /** A whole small blob at once. */
    put: (which: string, facility: string, bytes: Uint8Array<ArrayBuffer>) =>
      tell(`/api/blobs/${id(which)}?facility=${id(facility)}`, { method: "PUT", body: bytes, headers: { "content-type": "application/octet-stream" } }),
    /** Small blobs, base64url. */
    fetch: (ids: readonly string[]) => post<{ blobs: Record<string, string> }>("/api/blobs/fetch", { ids }),
    begin: (which: string, size: number, facility: string) => post<{ offset: number }>("/api/blobs", { id: which, size, facility }),
    /** Bytes `start` up to and without `end` of a blob. */
    async range(which: string, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
      const response = await send(`/api/blobs/${id(which)}`, { headers: { range: `bytes=${start}-${end - 1}` }, signal, timeout: null });
      try {
        const bytes = new Uint8Array(await response.arrayBuffer());
        return response.status === 206 ? bytes : bytes.slice(start, end);
      } catch {
        signal?.throwIfAborted();
        throw new ApiError(0, "interrupted", "the answer was cut off");
      }
    },
    /** A whole blob as it comes. */
    async stream(which: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
      const response = await send(`/api/blobs/${id(which)}`, { signal, timeout: null });
      if (response.body === null) throw new ApiError(0, "interrupted", "the answer was cut off");
      return response.body;
    },
    /** How far an upload is. */
    async offset(which: string): Promise<{ offset: number; length: number }> {
      const response = await send(`/api/blobs/${id(which)}`, { method: "HEAD" });
      return { offset: Number(response.headers.get("upload-offset") ?? 0), length: Number(response.headers.get("upload-length") ?? 0) };
    },
    /** Appends at `offset`; gives the new offset. */
    async append(which: string, offset: number, part: Blob, signal?: AbortSignal): Promise<number> {
      const response = await send(`/api/blobs/${id(which)}`, {
        method: "PATCH",
        body: part,
        headers: { "content-type": "application/offset+octet-stream", "upload-offset": String(offset) },
        signal,
        timeout: null,
      });
      return Number(response.headers.get("upload-offset") ?? offset + part.size);
    },
  },
};
export type Api = typeof api;
