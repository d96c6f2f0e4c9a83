// Somebody who is not there yet, over the real servers: awaited, let in by a member who compared the number, and what is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Wardseal } from "../../dist/index.js";
import { startServers } from "../servers.mjs";

let servers;
const opened = [];

before(async () => {
  servers = await startServers();
});
after(async () => {
  await Promise.all(opened.map((ward) => ward.close()));
  await servers?.stop();
});

async function person(name) {
  const ward = await Wardseal.open({ tenant: servers.tenant, keys: servers.keys });
  opened.push(ward);
  await ward.signUp(name, servers.sign);
  return ward;
}

const code = (expected) => (error) => {
  assert.equal(error.code, expected, error.message);
  return true;
};

test("a record waits for somebody who signs up later", async () => {
  const anna = await person("anna");
  const session = await anna.sessions.create({ manage: [anna.profile.user] });
  const grant = { name: "dora", policy: "confirmed", language: "de", address: "ignored@clinic.example" };
  const pending = await anna.sessions.grantPending(session, grant);
  assert.match(pending, /^pnd_[a-z2-7]{52}$/);
  assert.equal(await anna.sessions.grantPending(session, grant), pending, "granting again changes nothing");
  const sealed = await anna.seal(session, "a record");
  const [awaited, ...more] = await anna.sessions.pending(session);
  assert.equal(more.length, 0);
  assert.deepEqual({ ...awaited, expires: 0 }, { id: pending, policy: "confirmed", right: "read", language: "de", expires: 0 });
  assert.ok(Math.abs(awaited.expires - Date.now() - 30 * 86_400_000) < 60_000);
  const { recipients } = await anna.sessions.get(session);
  assert.ok(recipients.some(({ id, right }) => id === pending && right === "read"));

  const dora = await person("dora");
  const me = dora.profile.user;
  const waiting = await dora.escrow.pending(me);
  assert.deepEqual(waiting.map(({ id, session: at, policy, sender }) => ({ id, at, policy, sender })), [
    { id: pending, at: session, policy: "confirmed", sender: anna.profile.user },
  ]);
  const progress = [];
  const claims = await dora.escrow.claim(me, { onProgress: (...at) => progress.push(at) });
  assert.deepEqual([claims.claimed, claims.refused.map(({ reason }) => reason)], [[], ["confirmation"]]);
  assert.deepEqual(progress, [[0, 1], [0, 1]]);
  await assert.rejects(dora.open(sealed), code("no_access"));

  await anna.escrow.complete(session, pending, me);
  assert.equal(await (await dora.open(sealed)).text(), "a record");
  assert.deepEqual(await anna.sessions.pending(session), []);
  const [status] = await anna.escrow.status([session]);
  assert.deepEqual([status.id, status.state, status.member], [pending, "claimed", me]);
});

test("what cannot be granted says why", async () => {
  const emil = await person("emil");
  const session = await emil.sessions.create({ manage: [emil.profile.user] });
  const grant = (more) => emil.sessions.grantPending(session, { name: "frida", policy: "confirmed", ...more });
  await assert.rejects(grant({ name: "emil" }), code("has_identity"));
  await assert.rejects(grant({ policy: "other" }), code("invalid"));
  await assert.rejects(grant({ right: "manage" }), code("invalid"));
  await assert.rejects(grant({ policy: "code", code: "12345678" }), code("invalid"));
  await assert.rejects(grant({ expiresInDays: 400 }), code("invalid"));
  // The tenant has an escrow key, and this client does not know where its server is.
  await assert.rejects(grant({ policy: "code" }), code("not_configured"));
  await assert.rejects(emil.escrow.claim(emil.profile.user, { code: "no code" }), code("invalid"));
  // Taken back before anybody came.
  const pending = await grant({});
  await emil.sessions.revoke(session, [pending]);
  assert.deepEqual(await emil.sessions.pending(session), []);
});
