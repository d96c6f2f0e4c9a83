// Ways back in, in Node over the real servers. What only browsers have is in test/browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Wardseal } from "../../dist/index.js";
import { startServers } from "../servers.mjs";

const FIRST = "Drei Igel tanzen 1 Walzer";
const SECOND = "Vier Igel tanzen 2 Walzer";

let servers;
before(async () => {
  servers = await startServers();
});
after(() => servers?.stop());

const client = () => Wardseal.open({ tenant: servers.tenant, keys: servers.keys, vault: servers.vault });
const refused = (code) => (error) => error.name === "WardsealError" && error.code === code;

async function person(name) {
  const ward = await client();
  await ward.signUp(name, servers.sign);
  return ward;
}

/** A person with a password and something sealed for herself. */
async function owner(name) {
  const ward = await person(name);
  await ward.setPassword(FIRST);
  const session = await ward.sessions.create({ manage: [ward.profile.user] });
  return { ward, sealed: await ward.seal(session, "a record"), user: ward.profile.user };
}

async function reads(ward, sealed) {
  return new TextDecoder().decode(await (await ward.open(sealed)).bytes());
}

/** An authenticator that has one passkey. */
function authenticator(secret) {
  const credential = { rawId: new ArrayBuffer(8), getClientExtensionResults: () => ({ prf: { results: { first: secret } } }) };
  return { create: async () => credential, get: async () => credential };
}

test("a recovery code brings back who forgot the password", async () => {
  const { ward, sealed, user } = await owner("anna");
  const text = await ward.recovery.createCode();
  assert.match(text, /^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{2}$/);
  assert.deepEqual((await ward.recovery.methods()).map(({ kind }) => kind).sort(), ["code", "password"]);

  const fresh = await client();
  const mistyped = text.replace(/^(.{5})(.)/, (_, start, letter) => start + (letter === "7" ? "8" : "7"));
  await assert.rejects(fresh.recoverByCode("anna", mistyped, SECOND), (error) => error.code === "bad_recovery_code" && error.details.group === 2);
  await assert.rejects(fresh.recoverByCode("anna", text, "password1"), refused("weak_password"));
  await assert.rejects(fresh.recoverByCode("berta", text, SECOND), refused("unknown_recovery"));
  assert.equal(fresh.profile, undefined);
  await fresh.recoverByCode("anna", text.toLowerCase().replaceAll("-", " "), SECOND);
  assert.equal(fresh.profile.user, user);
  assert.equal(await reads(fresh, sealed), "a record");
  await fresh.trustThisMachine();

  const empty = await client();
  await assert.rejects(empty.unlock("anna", FIRST), refused("wrong_password"));
  await empty.unlock("anna", SECOND);
  const [event, ...more] = await ward.recovery.events();
  assert.equal(more.length, 0);
  assert.equal(event.kind, "code");
  assert.ok(Math.abs(event.time - Date.now()) < 60_000);
  await Promise.all([ward, fresh, empty].map((open) => open.close()));
});

test("a passkey opens the person, and the drill says what works", async () => {
  const { ward, sealed, user } = await owner("carla");
  const credentials = authenticator(new Uint8Array(32).fill(5).buffer);
  const device = await ward.recovery.addPasskey({ rpId: "wards.example", name: "carla", credentials });
  const fresh = await client();
  await fresh.unlockByPasskey({ rpId: "wards.example", credentials });
  assert.equal(fresh.profile.user, user);
  assert.equal(fresh.profile.device, device);
  assert.equal(await reads(fresh, sealed), "a record");
  const checks = await ward.recovery.check();
  assert.deepEqual(checks.map(({ kind, state }) => `${kind} ${state}`).sort(), ["passkey works", "password works"]);
  await ward.recovery.remove(device);
  const other = await client();
  await assert.rejects(other.unlockByPasskey({ rpId: "wards.example", credentials }), refused("unknown_recovery"));
  await assert.rejects(ward.recovery.remove(device), refused("invalid"));
  assert.deepEqual(await ward.recovery.events(), []);
  await Promise.all([ward, fresh, other].map((open) => open.close()));
});

test("two administrators help, and a page that was closed meanwhile goes on", async () => {
  const { ward, sealed, user } = await owner("dora");
  const admins = await Promise.all(["emil", "fritz"].map(person));
  const group = await admins[0].groups.create("Ward", [
    { id: user, role: "member" },
    { id: admins[1].profile.user, role: "admin" },
  ]);
  await ward.recovery.setOrganisation({ group, quorum: 2 });
  const [method] = (await ward.recovery.methods()).filter(({ kind }) => kind === "organisation");
  assert.equal(method.group, group);
  assert.equal(method.quorum, 2);
  // They stand in the order of their bytes, which is not that of their text.
  assert.deepEqual(method.administrators.toSorted(), admins.map(({ profile }) => profile.user).sort());

  const { memoryStore } = await import("../../dist/index.js");
  const store = memoryStore();
  const open = () => Wardseal.open({ tenant: servers.tenant, keys: servers.keys, vault: servers.vault, store });
  const first = await open();
  assert.equal(await first.resumeRecovery(), undefined);
  const request = await first.requestHelp("dora");
  const fresh = await open();
  const again = await fresh.resumeRecovery();
  assert.equal(again.kind, "organisation");
  assert.equal(again.clientKey, request.clientKey);
  assert.equal(again.tag, request.tag);
  assert.match(request.tag, /^[0-9A-Z]{3}-[0-9A-Z]{3}$/);
  assert.equal(await admins[0].recovery.tag(request.clientKey), request.tag);

  await assert.rejects(ward.recovery.answerHelp({ user, clientKey: request.clientKey }), refused("not_authorised"));
  const answers = [await admins[0].recovery.answerHelp({ user, clientKey: request.clientKey })];
  // They travel through the application as JSON.
  const travelled = (given) => JSON.parse(JSON.stringify(given));
  assert.equal(await again.take(travelled(answers)), false);
  await assert.rejects(again.setPassword(SECOND), refused("no_identity"));
  answers.push(await admins[1].recovery.answerHelp({ user, clientKey: request.clientKey }));
  assert.equal(await again.take(travelled(answers)), true);
  assert.equal(again.released, true);
  assert.equal(fresh.profile, undefined);
  await again.setPassword(SECOND);
  assert.equal(fresh.profile.user, user);
  assert.equal(await reads(fresh, sealed), "a record");
  assert.equal(await fresh.resumeRecovery(), undefined);
  assert.deepEqual((await ward.recovery.events()).map(({ kind }) => kind), ["organisation"]);
  await Promise.all([ward, fresh, ...admins].map((open) => open.close()));
});

test("an unlock renews administrators who have changed", async () => {
  const { ward, user } = await owner("hanna");
  const [first, second] = await Promise.all(["ida", "jakob"].map(person));
  const group = await first.groups.create("Ward", [
    { id: user, role: "member" },
    { id: second.profile.user, role: "admin" },
  ]);
  await ward.recovery.setOrganisation({ group, quorum: 1 });
  await first.groups.remove(group, [second.profile.user]);
  const state = async (open) => (await open.recovery.check()).find(({ kind }) => kind === "organisation");
  const { state: before, reason } = await state(ward);
  assert.deepEqual([before, reason], ["outdated", "administrators_changed"]);
  const fresh = await client();
  await fresh.unlock("hanna", FIRST);
  assert.equal((await state(fresh)).state, "works");
  const method = (await ward.recovery.methods()).find(({ kind }) => kind === "organisation");
  assert.deepEqual(method.administrators, [first.profile.user]);
  await Promise.all([ward, fresh, first, second].map((open) => open.close()));
});

test("a share that cannot be left at the application leaves the method unset", async () => {
  const { ward } = await owner("gustav");
  const failing = ward.recovery.setMail({
    address: "gustav@wards.example",
    language: "fr",
    depositShare: async () => {
      throw new Error("the application is away");
    },
  });
  await assert.rejects(failing, /the application is away/);
  const deposited = [];
  const mail = { address: "gustav@wards.example", language: "fr", delayHours: 24, depositShare: async (...given) => deposited.push(given) };
  await ward.recovery.setMail(mail);
  assert.equal(deposited.length, 1);
  const [method] = (await ward.recovery.methods()).filter(({ kind }) => kind === "mail");
  assert.equal(method.record, deposited[0][0]);
  assert.equal(method.delayHours, 24);
  assert.equal(Buffer.from(deposited[0][1], "base64url").length, 32);
  const state = async (hasShare) => (await ward.recovery.check({ hasShare })).find(({ kind }) => kind === "mail");
  assert.equal((await state()).state, "works");
  assert.equal((await state(async (record) => record === deposited[0][0])).state, "works");
  assert.deepEqual(await state(async () => false), { kind: "mail", device: method.device, state: "missing", reason: "share_missing" });
  assert.equal((await state(() => Promise.reject(new Error("away")))).state, "unknown");
  for (const wrong of [{ address: "nobody" }, { delayHours: 73 }, { delayHours: 0.5 }, { language: "it" }]) {
    await assert.rejects(ward.recovery.setMail({ ...mail, ...wrong }), refused("invalid"), JSON.stringify(wrong));
  }
  assert.deepEqual(await ward.recovery.pending(), []);
  await assert.rejects(ward.recovery.veto(deposited[0][0]), refused("not_found"));
  await ward.close();
});
