import { afterEach, describe, expect, it, vi } from "vitest";

import { api, onSessionEnded } from "./client";
import { ApiError } from "./errors";
import { ulid } from "./ulid";

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response => new Response(body === undefined ? null : JSON.stringify(body), { status, headers });

afterEach(() => {
  vi.unstubAllGlobals();
  onSessionEnded(async () => false);
});

async function failure(work: Promise<unknown>): Promise<ApiError> {
  const thrown: unknown = await work.catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ApiError);
  return thrown as ApiError;
}

describe("the client of the transfer server", () => {
  it("gives the problem's code, and whether to try again", async () => {
    vi.stubGlobal("fetch", async () => answer(409, { code: "stale", detail: "somebody was faster", status: 409 }));
    const stale = await failure(api.cases.get("C"));
    expect([stale.status, stale.code, stale.retryable]).toEqual([409, "stale", false]);

    vi.stubGlobal("fetch", async () => new Response("<html>bad gateway", { status: 502 }));
    const gateway = await failure(api.cases.get("C"));
    expect([gateway.code, gateway.retryable]).toEqual(["http_502", true]);

    vi.stubGlobal("fetch", async () => answer(429, { code: "too_many" }, { "retry-after": "7" }));
    expect((await failure(api.cases.get("C"))).retryAfter).toBe(7);

    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("network")));
    const gone = await failure(api.cases.get("C"));
    expect([gone.status, gone.code, gone.retryable]).toEqual([0, "unreachable", true]);

    vi.stubGlobal("fetch", async () => new Response('{"id": "cut', { status: 200 }));
    expect((await failure(api.cases.get("C"))).code).toBe("interrupted");
  });

  it("says what the caller's own signal says", async () => {
    vi.stubGlobal("fetch", async (_: string, { signal }: RequestInit) => {
      signal?.throwIfAborted();
      return answer(200, []);
    });
    await expect(api.cases.list("grp", undefined, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });

  it("opens an ended session again, once for many requests, and sends each of them again", async () => {
    let signedIn = false;
    let renewals = 0;
    vi.stubGlobal("fetch", async (path: string) => (signedIn ? answer(200, { id: path }) : answer(401, { code: "sign_in_required" })));
    onSessionEnded(async () => {
      renewals++;
      await Promise.resolve();
      signedIn = true;
      return true;
    });
    const records = await Promise.all([api.cases.get("A"), api.cases.get("B"), api.requests.get("C")]);
    expect(records.map(({ id }) => id)).toEqual(["/api/cases/A", "/api/cases/B", "/api/requests/C"]);
    expect(renewals).toBe(1);
  });

  it("does not go round and round when the session cannot be opened", async () => {
    let requests = 0;
    vi.stubGlobal("fetch", async () => {
      requests++;
      return answer(401, { code: "sign_in_required" });
    });
    onSessionEnded(async () => true);
    expect((await failure(api.cases.get("A"))).status).toBe(401);
    expect(requests).toBe(2);
  });

  it("puts identifiers into addresses as what they are", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (path: string) => {
      asked.push(path);
      return answer(200, []);
    });
    await api.cases.get("../session?x=1#");
    await api.cases.list("grp_ä");
    expect(asked).toEqual(["/api/cases/..%2Fsession%3Fx%3D1%23", "/api/cases?facility=grp_%C3%A4"]);
  });

  it("takes a part of a blob, also from a server that gives all of it", async () => {
    const bytes = Uint8Array.from({ length: 10 }, (_, at) => at);
    vi.stubGlobal("fetch", async (_: string, { headers }: RequestInit) => {
      expect(headers).toMatchObject({ range: "bytes=2-4" });
      return new Response(bytes.slice(2, 5), { status: 206 });
    });
    expect([...(await api.blobs.range("B", 2, 5))]).toEqual([2, 3, 4]);
    vi.stubGlobal("fetch", async () => new Response(bytes, { status: 200 }));
    expect([...(await api.blobs.range("B", 2, 5))]).toEqual([2, 3, 4]);
  });
});

describe("ulid", () => {
  it("sorts by time and is hardly ever drawn twice", () => {
    expect(ulid(0).slice(0, 10)).toBe("0000000000");
    expect(ulid(1_469_918_176_385).slice(0, 10)).toBe("01ARYZ6S41");
    expect(ulid(1_000) < ulid(2_000)).toBe(true);
    const drawn = Array.from({ length: 1_000 }, () => ulid(5));
    expect(new Set(drawn).size).toBe(1_000);
    expect(drawn.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true);
  });
});
