/** What the core wants of a transport. */
export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Who is asked: the key server, the vault, or the application's own server. */
export type Role = "keys" | "vault" | "tenant";

/** Why there is no answer, as the core understands it. */
export interface NoAnswer {
  readonly kind: "unreachable" | "timeout" | "interrupted" | "too_large" | "not_configured";
  readonly server: string;
}

/** Milliseconds until a server is given up, unless the application says otherwise. */
export const DEFAULT_TIMEOUT = 60_000;
/** Bytes beyond which an answer cannot be one. */
const MAX_ANSWER = 64 << 20;

/** Sends one request and reads the whole answer. It does not retry. */
export class Transport {
  readonly #addresses: { readonly [role in Role]: string | undefined };
  readonly #fetch: typeof fetch;
  readonly #timeout: number;

  constructor(keys: string | undefined, vault: string | undefined, fetcher: typeof fetch, timeout = DEFAULT_TIMEOUT, tenant?: string) {
    this.#timeout = timeout;
    const [atKeys, atVault, atTenant] = [keys, vault, tenant].map((address) => address?.replace(/\/+$/, ""));
    this.#addresses = { keys: atKeys, vault: atVault, tenant: atTenant };
    this.#fetch = fetcher;
  }

  /** `caller` gives the request up; `patience` is how long at least its answer is waited for. */
  async send(
    method: string,
    role: Role,
    path: string,
    bearer: string | undefined,
    body: Uint8Array<ArrayBuffer>,
    caller?: AbortSignal,
    patience = 0,
  ): Promise<Answer> {
    const server = this.#addresses[role];
    if (server === undefined) throw noAnswer("not_configured", "");
    const headers: Record<string, string> = {};
    if (bearer !== undefined) headers["authorization"] = `Bearer ${bearer}`;
    if (method !== "GET") headers["content-type"] = "application/json";
    const timeout = AbortSignal.timeout(Math.max(this.#timeout, patience));
    const signal = caller === undefined ? timeout : AbortSignal.any([timeout, caller]);
    let response: Response;
    try {
      // Called without `this`: the page's own fetch insists on it.
      const send = this.#fetch;
      response = await send(server + path, {
        method,
        headers,
        signal,
        cache: "no-store",
        // The application knows its people by cookies of its own.
        credentials: role === "tenant" ? "include" : "omit",
        redirect: "error",
        ...(method === "GET" ? {} : { body }),
      });
    } catch {
      throw noAnswer(timeout.aborted ? "timeout" : "unreachable", server);
    }
    try {
      return { status: response.status, body: await read(response, server) };
    } catch (error) {
      throw isNoAnswer(error) ? error : noAnswer(timeout.aborted ? "timeout" : "interrupted", server);
    }
  }
}

async function read(response: Response, server: string): Promise<Uint8Array> {
  if (Number(response.headers.get("content-length") ?? 0) > MAX_ANSWER) {
    await response.body?.cancel();
    throw noAnswer("too_large", server);
  }
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return concat(parts, length);
    length += next.value.length;
    parts.push(next.value);
    if (length > MAX_ANSWER) {
      await reader?.cancel();
      throw noAnswer("too_large", server);
    }
  }
}

function noAnswer(kind: NoAnswer["kind"], server: string): NoAnswer {
  return { kind, server };
}

export function isNoAnswer(error: unknown): error is NoAnswer {
  return typeof error === "object" && error !== null && "kind" in error;
}

/** One array of all these bytes. */
export function concat(parts: readonly Uint8Array[], length = parts.reduce((sum, part) => sum + part.length, 0)): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
