// @vitest-environment node
import type { Wardseal } from "@wardseal/sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createQueryClient } from "../api/queries";
import type { CaseRecord, RequestRecord } from "../api/types";
import { openNotes, type Notes } from "./notes";
import { Outbox } from "./outbox";

const SECRET = "Canary-Muster";

const base64Url = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const same = (one: Uint8Array, other: Uint8Array): boolean => one.length === other.length && one.every((byte, at) => byte === other[at]);

/** A transfer server in memory, for as much as the outbox asks of it. */
class Server {
  readonly blobs = new Map<string, { size: number; bytes: Uint8Array }>();
  readonly asked: string[] = [];
  case = {
    id: "CASE",
    facility: "grp_s",
    session: "ses_C",
    documentsSession: "ses_D",
    sealed: "WORKING",
    documents: [],
    requests: [],
    version: 1,
  } as unknown as CaseRecord;
  request = { id: "REQUEST", case: "CASE", from: "grp_s", to: "grp_r", state: "interested", version: 5, disclosure: null } as unknown as RequestRecord;
  /** Breaks the connection at a request, before or after it was done. */
  broken: (line: string) => "before" | "after" | undefined = () => undefined;
  /** Refuses with a status and code. */
  refusing: (line: string) => readonly [number, string] | undefined = () => undefined;

  fetch = async (path: string, init: RequestInit): Promise<Response> => {
    const line = `${init.method ?? "GET"} ${path}`;
    this.asked.push(line);
    const refusal = this.refusing(line);
    if (refusal !== undefined) return Response.json({ code: refusal[1] }, { status: refusal[0] });
    const broken = this.broken(line);
    if (broken === "before") throw new TypeError("network");
    const response = await this.#answer(path, init);
    if (broken === "after") throw new TypeError("network");
    return response;
  };

  async #answer(path: string, init: RequestInit): Promise<Response> {
    const json = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    const [, , kind, id, verb] = path.split(/[/?]/);
    if (kind === "blobs" && id === "fetch") {
      const encoded = (json["ids"] as string[]).map((each) => [each, base64Url(this.blobs.get(each)?.bytes ?? new Uint8Array())]);
      return Response.json({ blobs: Object.fromEntries(encoded) });
    }
    if (kind === "blobs" && id === undefined) {
      const blob = this.blobs.get(json["id"] as string) ?? { size: json["size"] as number, bytes: new Uint8Array() };
      this.blobs.set(json["id"] as string, blob);
      return Response.json({ offset: blob.bytes.length, size: blob.size });
    }
    if (kind === "blobs" && id !== undefined) {
      const given = init.body instanceof Blob ? new Uint8Array(await init.body.arrayBuffer()) : new Uint8Array(init.body as Uint8Array<ArrayBuffer>);
      if (init.method === "PUT") {
        const known = this.blobs.get(id);
        if (known !== undefined && !same(known.bytes, given)) return Response.json({ code: "taken" }, { status: 409 });
        this.blobs.set(id, { size: given.length, bytes: given });
        return new Response(null, { status: 204 });
      }
      const blob = this.blobs.get(id);
      if (blob === undefined) return Response.json({ code: "not_found" }, { status: 404 });
      const offset = Number((init.headers as Record<string, string>)["upload-offset"]);
      const stands = { "upload-offset": String(blob.bytes.length) };
      if (offset !== blob.bytes.length) return Response.json({ code: "wrong_offset" }, { status: 409, headers: stands });
      const whole = new Uint8Array(blob.bytes.length + given.length);
      whole.set(blob.bytes);
      whole.set(given, blob.bytes.length);
      blob.bytes = whole;
      return new Response(null, { status: 204, headers: { "upload-offset": String(blob.bytes.length) } });
    }
    if (kind === "cases") {
      if (verb === undefined) return Response.json(this.case);
      if (json["version"] !== this.case.version) return Response.json({ code: "stale" }, { status: 409 });
      const changed = { ...this.case, version: this.case.version + 1 };
      if (verb === "send") this.case = { ...changed, requests: json["requests"] as RequestRecord[] };
      if (verb === "documents") this.case = { ...changed, documents: [{ id: json["blob"] as string, size: 1, complete: true, created: 0 }] };
      if (verb === "update") this.case = { ...changed, sealed: json["sealed"] as string };
      return Response.json(this.case);
    }
    if (verb === "disclose") this.request = { ...this.request, state: "disclosed", disclosure: { session: json["session"] as string, sealed: json["sealed"] as string, documents: [] } };
    return Response.json(this.request);
  }
}

/** A client whose "sealing" is to name the session before the content: what matters here is what is sealed for whom, and how often. */
function wardOf() {
  const sessions: { id: string; read: readonly string[] }[] = [];
  const grants: string[] = [];
  const encoder = new TextEncoder();
  const ward = {
    sessions: {
      create: async ({ read = [] }: { read?: readonly string[] }) => {
        const id = `ses_${sessions.length + 1}`;
        sessions.push({ id, read });
        return id;
      },
      get: async () => ({ recipients: grants.map((id) => ({ id, right: "read" })) }),
      grant: async (_: string, session: string) => void grants.push(session),
    },
    seal: async (session: string, content: Uint8Array | File) => {
      // Each time other bytes, as with real keys.
      const head = `${session}\n${Math.random()}\n`;
      if (content instanceof File) return new Blob([head, "x".repeat(content.size)]);
      return encoder.encode(head + [...content].map((byte) => String.fromCharCode(byte ^ 1)).join(""));
    },
    open: async (source: Uint8Array | Blob) => {
      const text = new TextDecoder().decode(source instanceof Blob ? await source.arrayBuffer() : source);
      const [session = "", , ...rest] = text.split("\n");
      return { session, author: "usr_me", time: new Date(0), name: `${SECRET}.pdf`, type: "application/pdf", size: 40, text: async () => [...rest.join("\n")].map((letter) => String.fromCharCode(letter.charCodeAt(0) ^ 1)).join("") };
    },
  };
  return { ward: ward as unknown as Wardseal, sessions, grants };
}

let server: Server;
let mine: ReturnType<typeof wardOf>;
let notes: Notes;
let name = 0;
let open: Outbox[] = [];

beforeEach(async () => {
  server = new Server();
  mine = wardOf();
  notes = openNotes(`outbox-${name++}`);
  vi.stubGlobal("fetch", server.fetch);
  const copy = { kind: "case", answers: { area: "67", lastName: SECRET }, notes: "", documents: [{ blob: "DOC", name: "a.pdf", type: "application/pdf", size: 1, added: 0 }] };
  const sealed = await mine.ward.seal("ses_C", new TextEncoder().encode(JSON.stringify(copy)));
  server.blobs.set("WORKING", { size: sealed.length, bytes: sealed });
});

afterEach(() => {
  for (const each of open) each.stop();
  open = [];
  vi.unstubAllGlobals();
});

/** The page, loaded. */
function page(ward = mine.ward, user = "usr_me"): Outbox {
  const outbox = new Outbox(ward, user, createQueryClient(), notes);
  open.push(outbox);
  return outbox;
}

function changed(outbox: Outbox, when: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = outbox.subscribe(() => {
      if (!when()) return;
      stop();
      resolve();
    });
    if (when()) {
      stop();
      resolve();
    }
  });
}

const opened = async (blob: string): Promise<unknown> => {
  const { text } = await mine.ward.open(server.blobs.get(blob)?.bytes as Uint8Array<ArrayBuffer>);
  return JSON.parse(await text.call(undefined));
};

describe("asking facilities", () => {
  const to = ["grp_a", "grp_b"];
  const send = (outbox: Outbox): Promise<void> => outbox.send({ case: server.case, to: to.map((group) => ({ to: group })), fields: ["area"] });

  it("gives each facility a session and a stage 1 of its own, and nothing of stage 2", async () => {
    const outbox = page();
    await send(outbox);
    expect(mine.sessions.map(({ read }) => read)).toEqual([["grp_a"], ["grp_b"]]);
    const sent = server.case.requests as unknown as { to: string; session: string; sealed: string }[];
    expect(sent.map(({ to: group, session }) => [group, session])).toEqual([["grp_a", "ses_1"], ["grp_b", "ses_2"]]);
    for (const { sealed, session } of sent) {
      expect(await opened(sealed)).toEqual({ kind: "stage1", answers: { area: "67" } });
      expect(new TextDecoder().decode(server.blobs.get(sealed)?.bytes)).toMatch(new RegExp(`^${session}\n`));
    }
    expect(await notes.all()).toEqual([]);
    expect(outbox.views).toEqual([]);
  });

  // Wherever the page is reloaded: after each session, seal, upload, before and after the last request.
  it.each([
    ["the first upload, before it arrived", "PUT", 1, "before"],
    ["the first upload, after it arrived", "PUT", 1, "after"],
    ["the second upload", "PUT", 2, "after"],
    ["the request itself, before it arrived", "/send", 1, "before"],
    ["the request itself, after it arrived", "/send", 1, "after"],
  ] as const)("goes on after a reload at %s, and does nothing twice", async (_, part, nth, when) => {
    let seen = 0;
    server.broken = (line) => (line.includes(part) && ++seen === nth ? when : undefined);
    const before = page();
    const left = send(before);
    left.catch(() => undefined);
    await changed(before, () => before.views[0]?.step === "waiting");
    before.stop();

    const known = await notes.all();
    expect(known).toHaveLength(1);
    const after = page();
    await changed(after, () => after.views.length === 1);
    await changed(after, () => after.views.length === 0);
    expect(server.case.requests).toHaveLength(2);
    expect(mine.sessions).toHaveLength(2);
    expect(server.asked.filter((line) => line.endsWith("/send")).length).toBeLessThanOrEqual(2);
    expect(server.case.version).toBe(2);
    expect(await notes.all()).toEqual([]);
  });

  it("waits while the server is away, says so, and goes on when it is told to", async () => {
    let away = true;
    server.broken = () => (away ? "before" : undefined);
    const outbox = page();
    const sent = send(outbox);
    await changed(outbox, () => outbox.views[0]?.step === "waiting");
    expect(outbox.views[0]?.error).toMatchObject({ code: "unreachable" });
    away = false;
    outbox.retry();
    await sent;
    expect(server.case.requests).toHaveLength(2);
  });

  it("writes over what a colleague changed meanwhile", async () => {
    let others = 1;
    server.broken = (line) => {
      if (line.endsWith("/send") && others-- > 0) server.case = { ...server.case, version: server.case.version + 1 };
      return undefined;
    };
    await send(page());
    expect(server.case.requests).toHaveLength(2);
  });

  it("stops at a refusal, keeps it in sight, and can be given up", async () => {
    server.refusing = (line) => (line.endsWith("/send") ? [422, "too_many_requests"] : undefined);
    const outbox = page();
    await expect(send(outbox)).rejects.toMatchObject({ code: "too_many_requests" });
    const [view] = outbox.views;
    expect(view?.step).toBe("failed");
    await outbox.cancel(view?.id ?? "");
    expect([outbox.views, await notes.all()]).toEqual([[], []]);
  });

  it("is not gone on with by somebody else who signs in on the same machine", async () => {
    server.broken = (line) => (line.includes("PUT") ? "before" : undefined);
    const outbox = page();
    send(outbox).catch(() => undefined);
    await changed(outbox, () => outbox.views[0]?.step === "waiting");
    outbox.stop();
    server.broken = () => undefined;
    const other = page(wardOf().ward, "usr_other");
    await other.sweep();
    expect(other.views).toEqual([]);
    expect(server.case.requests).toEqual([]);
  });

  it("leaves nothing in the browser that can be read", async () => {
    server.broken = (line) => (line.endsWith("/send") ? "before" : undefined);
    const outbox = page();
    send(outbox).catch(() => undefined);
    await changed(outbox, () => outbox.views[0]?.step === "waiting");
    const [job] = await notes.all();
    expect(JSON.stringify(job)).not.toContain(SECRET);
    expect(Object.keys(job ?? {}).sort()).toEqual(["case", "created", "facility", "id", "kind", "parts", "source", "user"]);
  });
});

describe("opening the record", () => {
  it("makes a second session, which may open the documents, and goes on after a reload", async () => {
    let seen = 0;
    server.broken = (line) => (line.endsWith("/disclose") && ++seen === 1 ? "after" : undefined);
    const before = page();
    before.disclose({ case: server.case, request: server.request, fields: ["lastName"] }).catch(() => undefined);
    await changed(before, () => before.views[0]?.step === "waiting");
    before.stop();
    const after = page();
    await changed(after, () => after.views.length === 1);
    await changed(after, () => after.views.length === 0);
    expect(mine.sessions).toEqual([{ id: "ses_1", read: ["grp_r"] }]);
    expect(mine.grants).toEqual(["ses_1"]);
    expect(server.request.disclosure?.session).toBe("ses_1");
    expect(await opened(server.request.disclosure?.sealed ?? "")).toMatchObject({ kind: "stage2", answers: { lastName: SECRET }, documents: [{ blob: "DOC" }] });
    expect(server.asked.filter((line) => line.endsWith("/disclose"))).toHaveLength(1);
  });
});

describe("sending a document", () => {
  const file = (): File => new File(["y".repeat(9 << 20)], `${SECRET}.pdf`, { type: "application/pdf" });

  it("goes on where the server says after a reload in the middle, and files it under its name", async () => {
    let parts = 0;
    server.broken = (line) => (line.startsWith("PATCH") && ++parts === 2 ? "after" : undefined);
    const before = page();
    before.upload(server.case, file()).catch(() => undefined);
    await changed(before, () => before.views[0]?.step === "waiting");
    expect(before.views[0]).toMatchObject({ kind: "upload", name: `${SECRET}.pdf` });
    before.stop();

    const [job] = await notes.all();
    // The name is sealed in the bytes; the note does not have it.
    expect(JSON.stringify(job)).not.toContain(SECRET);

    server.broken = () => undefined;
    const after = page();
    await changed(after, () => after.views.length === 1);
    await changed(after, () => after.views.length === 0);
    expect(server.asked.filter((line) => line.startsWith("PATCH"))).toHaveLength(3);
    const [document] = server.case.documents;
    const blob = server.blobs.get(document?.id ?? "");
    expect(blob?.bytes.length).toBe(blob?.size);
    expect(await opened(server.case.sealed)).toMatchObject({ documents: [{ blob: "DOC" }, { blob: document?.id, name: `${SECRET}.pdf`, type: "application/pdf", size: 40 }] });
    expect(await notes.all()).toEqual([]);
    expect(await notes.bytes(job?.id ?? "")).toBeUndefined();
  }, 20_000);

  it("takes up an upload of which an answer was lost", async () => {
    let parts = 0;
    const outbox = page();
    server.broken = (line) => {
      if (line.startsWith("PATCH") && ++parts === 1) {
        // The server has the part already, from an attempt nobody heard of.
        const [blob] = [...server.blobs.values()].slice(-1);
        if (blob !== undefined) blob.bytes = new Uint8Array(1_000);
      }
      return undefined;
    };
    await outbox.upload(server.case, file());
    const blob = server.blobs.get(server.case.documents[0]?.id ?? "");
    expect(blob?.bytes.length).toBe(blob?.size);
  }, 20_000);

  it("can be stopped, and leaves nothing behind", async () => {
    server.broken = (line) => (line.startsWith("PATCH") ? "before" : undefined);
    const outbox = page();
    const sent = outbox.upload(server.case, file());
    await changed(outbox, () => outbox.views[0]?.step === "waiting");
    const id = outbox.views[0]?.id ?? "";
    await outbox.cancel(id);
    await expect(sent).rejects.toMatchObject({ name: "AbortError" });
    expect([outbox.views, await notes.all(), await notes.bytes(id)]).toEqual([[], [], undefined]);
    expect(server.case.documents).toEqual([]);
  }, 20_000);
});
