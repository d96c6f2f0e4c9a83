import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Keeper } from "./keeper";

const AUDIENCE = "https://transfer.example";

/** What is kept on the machine, and what the servers are asked, in place of the SDK and the transfer server. */
const machine = vi.hoisted(() => ({ stored: undefined as string | undefined, day: undefined as string | undefined, opened: 0, closed: 0, followed: 0, passwords: { claire: "right", paul: "other" } as Record<string, string>, weak: false }));

vi.mock("@wardseal/sdk", () => {
  class WardsealError extends Error {
    override readonly name = "WardsealError";
    constructor(readonly code: string) {
      super(code);
    }
  }
  const open = async ({ store }: { store?: "memory" }) => {
    machine.opened++;
    let memory: string | undefined;
    let signedOut = false;
    const user = (): string | undefined => memory ?? (store === "memory" ? undefined : (machine.stored ?? machine.day));
    return {
      get profile() {
        const is = user();
        return is === undefined ? undefined : { tenant: "ten", user: `usr_${is}`, device: "dev_1" };
      },
      keptUntil: async () => (memory === undefined && store !== "memory" && machine.stored === undefined && machine.day !== undefined ? Date.now() + 3_600_000 : undefined),
      unlock: async (name: string, password: string, { keep }: { keep?: "day" | "memory" } = {}) => {
        if (machine.passwords[name] !== password) throw new WardsealError("wrong_password");
        if (keep === "day" && store !== "memory") machine.day = name;
        else memory = name;
      },
      trustThisMachine: async () => {
        machine.stored = memory;
        memory = undefined;
      },
      signUp: async (name: string, sign: (request: object) => Promise<string>) => {
        await sign({ user: `usr_${name}`, commitment: "c", index: "i" });
        machine.stored = name;
      },
      setPassword: async (password: string) => {
        if (machine.weak) throw new WardsealError("weak_password");
        machine.passwords[machine.stored ?? ""] = password;
      },
      signOut: async () => {
        memory = undefined;
        machine.stored = undefined;
        machine.day = undefined;
        signedOut = true;
      },
      prove: async (audience: string, challenge: string) => ({ user: user(), audience, challenge }),
      devices: { revoke: async () => undefined },
      server: async () => ({}),
      stayConnected: async () => {
        machine.followed++;
      },
      close: async () => {
        machine.closed++;
        if (!signedOut) memory = undefined;
      },
    };
  };
  return { Wardseal: { open }, WardsealError, memoryStore: () => "memory" };
});

const asked: string[] = [];
let refuse: ((line: string) => number | undefined) | undefined;
let session: string | undefined;

beforeEach(() => {
  Object.assign(machine, { stored: undefined, day: undefined, opened: 0, closed: 0, followed: 0, passwords: { claire: "right", paul: "other" }, weak: false });
  asked.length = 0;
  refuse = undefined;
  session = undefined;
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const line = `${init.method ?? "GET"} ${path}`;
    asked.push(line);
    const status = refuse?.(line);
    if (status === 0) throw new TypeError("network");
    if (status !== undefined) return Response.json({ code: "refused" }, { status });
    if (path === "/api/config") return Response.json({ tenant: "ten", keys: "k", vault: "v", audience: AUDIENCE, version: "1", demo: null });
    if (path === "/api/session/challenge") return Response.json({ challenge: "Y2g", expires: 0 });
    if (line === "POST /api/session") {
      const { proof } = JSON.parse(String(init.body)) as { proof: { user: string; audience: string; challenge: string } };
      expect(proof).toMatchObject({ audience: AUDIENCE, challenge: "Y2g" });
      session = proof.user;
    }
    if (line === "DELETE /api/session") session = undefined;
    if (path === "/api/sign-up") return Response.json({ token: "token" });
    return Response.json({ user: `usr_${session}`, name: session, facilities: [] });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function started(): Promise<Keeper> {
  const keeper = new Keeper();
  await keeper.start();
  return keeper;
}

/** When the keeper's state is as wanted. */
function until(keeper: Keeper, status: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (keeper.state.status === status) resolve();
    };
    keeper.subscribe(look);
    look();
  });
}

describe("the keeper", () => {
  it("asks for a password where nobody has signed in, and tells who is right", async () => {
    const keeper = await started();
    expect(keeper.state).toEqual({ status: "locked", reason: "new", name: "", own: false });
    await expect(keeper.unlock({ name: "claire", password: "wrong", own: false })).rejects.toMatchObject({ code: "wrong_password" });
    expect(keeper.state.status).toBe("locked");
    const steps: string[] = [];
    await keeper.unlock({ name: "claire", password: "right", own: false, onStep: (step) => steps.push(step) });
    expect(keeper.state).toMatchObject({ status: "open", own: false, me: { name: "claire" } });
    expect(steps).toEqual(["opening", "session"]);
    expect(machine.stored).toBeUndefined();
    // What others revoke is heard of from here on.
    expect(machine.followed).toBe(1);
  });

  it("keeps nothing of somebody who could not be let in, and does not take the machine for his", async () => {
    const keeper = await started();
    refuse = (line) => (line === "POST /api/session" ? 503 : undefined);
    await expect(keeper.unlock({ name: "claire", password: "right", own: false })).rejects.toMatchObject({ status: 503 });
    refuse = undefined;
    await expect(keeper.unlock({ name: "claire", password: "wrong", own: false })).rejects.toMatchObject({ code: "wrong_password" });
    await keeper.unlock({ name: "claire", password: "right", own: false });
    expect(keeper.state).toMatchObject({ status: "open", own: false });
  });

  it("opens somebody's own machine without a password, until it is locked", async () => {
    const keeper = await started();
    await keeper.unlock({ name: "claire", password: "right", own: true });
    const again = await started();
    expect(again.state).toMatchObject({ status: "open", own: true, me: { name: "claire" } });

    let forgotten = 0;
    again.onForget = () => forgotten++;
    await again.lock();
    expect(again.state).toEqual({ status: "locked", reason: "locked", name: "claire", own: true });
    expect([forgotten, session]).toEqual([1, undefined]);
    // Also after a reload.
    const reloaded = await started();
    expect(reloaded.state).toEqual({ status: "locked", reason: "locked", name: "claire", own: true });
    await expect(reloaded.unlock({ name: "paul", password: "other", own: false })).rejects.toMatchObject({ code: "wrong_password" });
    expect(reloaded.state.status).toBe("locked");
    await reloaded.unlock({ name: "claire", password: "right", own: false });
    expect(reloaded.state).toMatchObject({ status: "open", own: true });
  });

  it("keeps what is everyday on a shared computer: a reload asks for nothing", async () => {
    const keeper = await started();
    await keeper.unlock({ name: "claire", password: "right", own: false });
    expect(machine.day).toBe("claire");
    const again = await started();
    expect(again.state).toMatchObject({ status: "open", own: false, me: { user: "usr_claire" } });
    // Whoever leaves takes it along.
    await again.lock();
    expect(again.state).toMatchObject({ status: "locked", reason: "locked", own: false });
    await vi.waitFor(() => expect(machine.day).toBeUndefined());
    expect((await started()).state).toMatchObject({ status: "locked", reason: "new" });
  });

  it("gives nobody what was left behind on a shared computer", async () => {
    const keeper = await started();
    await keeper.unlock({ name: "claire", password: "right", own: false });
    localStorage.setItem("wardseal.active", String(Date.now() - 11 * 60_000));
    const next = await started();
    expect(next.state).toEqual({ status: "locked", reason: "idle", name: "", own: false });
    expect(machine.day).toBeUndefined();
  });

  it("locks all tabs when nobody does anything, and takes the keys out", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "Date"] });
    const keeper = await started();
    await keeper.unlock({ name: "claire", password: "right", own: false });
    vi.advanceTimersByTime(9 * 60_000);
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
    vi.advanceTimersByTime(9 * 60_000);
    expect(keeper.state.status).toBe("open");
    const closed = machine.closed;
    vi.advanceTimersByTime(2 * 60_000);
    expect(keeper.state).toEqual({ status: "locked", reason: "idle", name: "claire", own: false });
    await vi.waitFor(() => expect(machine.closed).toBeGreaterThan(closed));
  });

  it("follows other tabs: out with them, and locked when somebody else comes in", async () => {
    const keeper = await started();
    await keeper.unlock({ name: "claire", password: "right", own: false });
    const other = await started();
    await other.unlock({ name: "paul", password: "other", own: false });
    await until(keeper, "locked");
    expect(keeper.state).toMatchObject({ reason: "otherUser", own: false });
    await keeper.unlock({ name: "paul", password: "other", own: false });
    await other.signOut();
    await until(keeper, "locked");
    expect(keeper.state).toMatchObject({ reason: "signedOut", name: "" });
  });

  it("opens other tabs of somebody's own machine along", async () => {
    const [one, two] = [await started(), await started()];
    await one.unlock({ name: "claire", password: "right", own: true });
    await until(two, "open");
    expect(two.state).toMatchObject({ own: true, me: { user: "usr_claire" } });
  });

  it("says when it cannot start, and starts again when the connection is back", async () => {
    refuse = () => 0;
    const keeper = await started();
    expect(keeper.state).toMatchObject({ status: "failed", error: { code: "unreachable" } });
    refuse = undefined;
    dispatchEvent(new Event("online"));
    await until(keeper, "locked");
  });

  it("does not throw keys away when the server refuses the device: they may be the only ones", async () => {
    machine.stored = "claire";
    refuse = (line) => (line === "POST /api/session" ? 403 : undefined);
    const keeper = await started();
    expect(keeper.state).toMatchObject({ status: "locked", reason: "refused", own: true });
    expect(machine.stored).toBe("claire");
    await keeper.signOut();
    expect(machine.stored).toBeUndefined();
  });

  it("goes on with a sign-up of which the password was too weak, with the same keys and one invitation", async () => {
    const keeper = await started();
    machine.weak = true;
    const given = { invitation: "CODE", name: "new", password: "regen gabel", own: false };
    await expect(keeper.signUp(given)).rejects.toMatchObject({ code: "weak_password" });
    machine.weak = false;
    await keeper.signUp(given);
    expect(asked.filter((line) => line.endsWith("/api/sign-up"))).toHaveLength(1);
    expect(keeper.state).toMatchObject({ status: "open", own: false, me: { name: "new" } });
    expect(machine.stored).toBeUndefined();
  });
});
