// Servers that are absent, slow, broken, or stop half-way, and stores that fail: typed errors, nothing half-done, and the
// same call succeeds afterwards.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { Wardseal, WardsealError, memoryStore } from "../../dist/index.js";
import { retryableCodes } from "../../dist/codes.js";
import { startServers } from "../servers.mjs";

let servers;
let proxy;
let ward;
let session;
let store;

before(async () => {
  servers = await startServers();
  proxy = await startProxy(servers.keys);
  store = memoryStore();
  ward = await Wardseal.open({ tenant: servers.tenant, keys: proxy.address, store, timeout: 1000, cache: "off", audience: servers.keys });
  await ward.signUp("anna", servers.sign);
  session = await ward.sessions.create({ manage: [ward.profile.user] });
});
after(async () => {
  await ward?.close();
  await proxy?.stop();
  await servers?.stop();
});

/** Forwards to the key server, unless `misbehave` does something else with the answer. */
async function startProxy(target) {
  const state = { misbehave: undefined, requests: 0 };
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    state.requests++;
    const { authorization, "content-type": type } = request.headers;
    const answer = await fetch(target + request.url, {
      method: request.method,
      headers: { ...(authorization && { authorization }), ...(type && { "content-type": type }) },
      ...(request.method === "GET" ? {} : { body: Buffer.concat(parts) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (state.misbehave !== undefined) return state.misbehave(response, body, answer);
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    state,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const FAULTS = {
  interrupted: (response, body) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  },
  unreachable: (response) => response.destroy(),
  timeout: () => {},
  bad_answer: (response) => response.writeHead(200).end("<html>a login page of the network</html>"),
  internal: (response) => {
    const problem = { type: "urn:wardseal:problem:internal", title: "The server made a mistake", status: 500, code: "internal", id: "4711" };
    response.writeHead(500, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
  },
  answer_too_large: (response) => response.writeHead(200, { "content-length": 1 << 30 }).write("["),
  too_many_attempts: (response) => {
    const problem = { type: "urn:wardseal:problem:too_many_attempts", title: "Wait", status: 429, code: "too_many_attempts", retry_after: 7 };
    response.writeHead(429, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
  },
};

for (const [code, fault] of Object.entries(FAULTS)) {
  test(`a server's fault is said as ${code}, changes nothing here, and the call can be repeated`, async () => {
    const version = await store.version();
    const before = (await ward.sessions.page()).sessions.length;
    proxy.state.misbehave = fault;
    try {
      for (const work of [() => ward.sessions.page(), () => ward.seal(session, "text"), () => ward.sessions.create({ manage: [ward.profile.user] })]) {
        await assert.rejects(work(), (error) => {
          assert.ok(error instanceof WardsealError);
          assert.equal(error.code, code, error.message);
          assert.equal(error.retryable, retryableCodes.has(code));
          if (code === "internal") assert.deepEqual([error.details.status, error.details.id], [500, "4711"]);
          if (code === "too_many_attempts") assert.equal(error.retryAfter, 7);
          if (["interrupted", "unreachable", "timeout"].includes(code)) assert.ok(error.message.includes(proxy.address), "the message names the server");
          return true;
        });
      }
      assert.equal(await store.version(), version, "nothing was written");
    } finally {
      proxy.state.misbehave = undefined;
    }
    const made = await ward.sessions.create({ manage: [ward.profile.user] });
    assert.equal((await ward.sessions.get(made)).right, "manage");
    const after = (await ward.sessions.page()).sessions.length;
    // The server that was broken on the way back may have made the session before.
    assert.ok(after === before + 1 || after === before + 2, `${before} → ${after}`);
    assert.equal(await (await ward.open(await ward.seal(session, "text"))).text(), "text");
  });
}

test("a request that nothing is configured for is said", async () => {
  const lonely = await Wardseal.open({ tenant: servers.tenant, keys: servers.keys });
  await assert.rejects(lonely.unlock("anna", "Drei Igel tanzen 1 Walzer"), { name: "WardsealError", code: "not_configured" });
  await lonely.close();
});

test("a tenant, an option or an identifier that cannot be is refused before anything is sent", async () => {
  const { keys, tenant } = servers;
  await assert.rejects(Wardseal.open({ tenant: "ten_short", keys }), { code: "invalid" });
  await assert.rejects(Wardseal.open({ tenant, keys, cache: { memory: -1 } }), { code: "invalid" });
  const requests = proxy.state.requests;
  await assert.rejects(ward.sessions.get("usr_wrong"), { code: "invalid" });
  await assert.rejects(ward.groups.add("grp_x", "usr_y"), { code: "invalid" });
  await assert.rejects(ward.groups.create("G", [{ id: ward.profile.user, role: "king" }]), { code: "invalid" });
  await assert.rejects(ward.sessions.create({ manage: [ward.profile.user], metadata: () => {} }), { code: "invalid" });
  assert.equal(proxy.state.requests, requests);
  const other = await Wardseal.open({ tenant, keys, store: memoryStore() });
  await other.close();
  await assert.rejects(other.sessions.page(), { code: "invalid" });
});

test("state of another tenant, of another key, or from a store that fails is refused", async () => {
  const { keys, tenant } = servers;
  const kept = memoryStore();
  const first = await Wardseal.open({ tenant, keys, store: kept });
  await first.signUp("berta", servers.sign);
  await assert.rejects(Wardseal.open({ tenant: `ten_${"a".repeat(52)}`, keys, store: kept }), { code: "store" });
  await assert.rejects(Wardseal.open({ tenant, keys, store: { ...kept, stateKey: async () => new Uint8Array(32) } }), { code: "store" });
  await assert.rejects(Wardseal.open({ tenant, keys, store: { ...kept, stateKey: async () => new Uint8Array(5) } }), { code: "invalid" });

  const full = { ...memoryStore() };
  const commit = full.commit;
  full.commit = async () => {
    throw new Error("the disk is full");
  };
  const second = await Wardseal.open({ tenant, keys, store: full });
  await assert.rejects(second.beginSignUp("carla"), (error) => error.code === "store" && error.retryable && error.message.includes("the disk is full"));
  full.commit = commit;
  assert.match((await second.beginSignUp("carla")).user, /^usr_/);
});
