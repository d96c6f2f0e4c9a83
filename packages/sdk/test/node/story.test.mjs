// Two facilities over the real servers, in Node, with the program's own client beside them.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Wardseal, checkPassword, memoryStore } from "../../dist/index.js";
import { nodeFileStore } from "../../dist/node.js";
import { bytesOf, startServers } from "../servers.mjs";

const PASSWORD = "Drei Igel tanzen 1 Walzer";
const bundle = JSON.stringify({ resourceType: "Bundle", type: "document", entry: [{ resource: { resourceType: "Patient", id: "änne" } }] });

let servers;
let options;
const opened = [];

before(async () => {
  servers = await startServers();
  options = { tenant: servers.tenant, keys: servers.keys, vault: servers.vault };
});
after(async () => {
  await Promise.all(opened.map((ward) => ward.close()));
  await servers?.stop();
});

async function client(more = {}) {
  const ward = await Wardseal.open({ ...options, ...more });
  opened.push(ward);
  return ward;
}

async function person(name, more) {
  const ward = await client(more);
  await ward.signUp(name, servers.sign);
  return ward;
}

function refused(code) {
  return (error) => {
    assert.equal(error.name, "WardsealError");
    assert.equal(error.code, code, error.message);
    return true;
  };
}

test("two facilities share a record; a third cannot read it, nor can who left; a password opens it anywhere", async () => {
  const [anna, ben, carla, emma] = await Promise.all(["anna", "ben", "carla", "emma"].map((name) => person(name)));
  const [benId, carlaId, emmaId] = await anna.users.byName(["ben", "carla", "emma"]);
  assert.equal(benId, ben.profile.user);
  const north = await anna.groups.create("North", [{ id: benId, role: "admin" }]);
  const south = await carla.groups.create("South");
  await emma.groups.create("West");
  const [group] = await ben.groups.list();
  assert.deepEqual([group.id, group.name, group.role, group.members.length], [north, "North", "admin", 2]);
  assert.equal((await emma.groups.get(north)).name, undefined, "the name is for members alone");

  const session = await anna.sessions.create({ manage: [north], read: [south], label: "case 1", metadata: { case: 1 } });
  const file = bytesOf(3_000_000);
  const sealedBundle = await anna.seal(session, bundle, { name: "record.json", type: "application/fhir+json" });
  const sealedFile = await anna.seal(session, file, { name: "scan.pdf", type: "application/pdf" });

  const seen = await carla.sessions.get(session);
  assert.deepEqual([seen.right, seen.label, seen.metadata], ["read", "case 1", { case: 1 }]);
  const listed = [];
  for await (const each of carla.sessions.list()) listed.push(each);
  assert.deepEqual(listed, [session]);
  const [fetched] = await carla.sessions.getMany([session]);
  assert.deepEqual([fetched.ok, fetched.value.metadata], [true, { case: 1 }]);
  for (const reader of [anna, ben, carla]) {
    const record = await reader.open(sealedBundle);
    assert.deepEqual([record.name, record.type, record.author, record.session, record.verified], ["record.json", "application/fhir+json", anna.profile.user, session, true]);
    assert.equal(await record.text(), bundle);
    assert.deepEqual(await (await reader.open(sealedFile)).bytes(), file);
  }
  await assert.rejects(emma.open(sealedBundle), refused("no_access"));
  await assert.rejects(emma.sessions.get(session), refused("no_access"));
  const [closed] = await emma.sessions.getMany([session]);
  assert.deepEqual([closed.ok, closed.error.code], [false, "no_access"]);
  await assert.rejects(carla.sessions.revoke(session, [north]), refused("not_authorised"));

  // Ben leaves: what is sealed next is closed to him, although he has the keys of before.
  await anna.groups.remove(north, [benId]);
  const later = await anna.seal(session, "later");
  await assert.rejects(ben.open(later), refused("no_access"));
  assert.equal(await (await carla.open(later)).text(), "later");

  // Emma is given the session, and it is taken from her again.
  await anna.sessions.grant(session, emmaId, "read");
  assert.equal(await (await emma.open(sealedBundle)).text(), bundle);
  await anna.sessions.setRights(session, emmaId, "share");
  assert.equal((await emma.sessions.get(session)).right, "share");
  await anna.sessions.describe(session, { case: 2 });
  assert.deepEqual((await carla.sessions.get(session)).metadata, { case: 2 });
  await anna.sessions.revoke(session, [emmaId]);
  await emma.forgetSessions();
  await assert.rejects(emma.open(later), refused("no_access"));

  // Carla on an empty machine.
  await assert.rejects(checkPassword("1234567890"), (error) => refused("weak_password")(error) && error.details.reason === "sequence");
  await checkPassword("regen gabel turm", ["carla"]);
  await assert.rejects(carla.setPassword("1234567890"), (error) => refused("weak_password")(error) && error.details.reason === "sequence");
  await assert.rejects(carla.setPassword("carla carla carla", ["carla"]), refused("weak_password"));
  await carla.setPassword(PASSWORD, ["carla"]);
  const store = memoryStore();
  const borrowed = await client({ store });
  await assert.rejects(borrowed.unlock("carla", "Drei Igel tanzen 2 Walzer"), refused("wrong_password"));
  await assert.rejects(borrowed.unlock("nobody", PASSWORD), refused("wrong_password"));
  assert.equal(borrowed.profile, undefined);
  await borrowed.unlock("carla", PASSWORD);
  assert.equal(borrowed.profile.user, carlaId);
  assert.equal(await (await borrowed.open(later)).text(), "later");
  assert.ok(!(await store.keys("")).includes("identity"), "an unlocked identity is written nowhere");
  const device = await borrowed.trustThisMachine();
  assert.ok((await store.keys("")).includes("identity"));
  assert.deepEqual((await borrowed.devices.list()).map(({ kind, current }) => [kind, current]).sort(), [
    ["ordinary", false],
    ["ordinary", true],
    ["password", false],
  ]);
  const again = await client({ store });
  assert.equal(again.profile.device, device);
  assert.equal(await (await again.open(later)).text(), "later");

  // The first machine is lost.
  await again.devices.revoke([carla.profile.device]);
  await assert.rejects(carla.open(await again.seal(session, "after the loss")), (error) => ["sign_in_refused", "no_access", "sign_in_required"].includes(error.code));
  await again.signOut();
  assert.deepEqual([again.profile, await store.keys("")], [undefined, []]);

  await anna.groups.rename(north, "Nord");
  assert.equal((await anna.groups.get(north)).name, "Nord");
  await anna.groups.dissolve(north);
  assert.equal((await anna.groups.get(north)).dissolved, true);
});

test("what the program seals opens here, and the other way round", async () => {
  await servers.signUpNatively("greta");
  const hugo = await person("hugo", { store: nodeFileStore(join(servers.directory, "hugo")) });
  const file = bytesOf(2_500_000, 7);
  const work = join(servers.directory, "exchange");
  await mkdir(work, { recursive: true });
  await writeFile(join(work, "scan.bin"), file);
  await servers.program("greta", "seal", join(work, "scan.bin"), "--for", "hugo", "--manage", "greta", "-o", join(work, "scan.wseal"));

  const sealed = await readFile(join(work, "scan.wseal"));
  const record = await hugo.open(sealed);
  assert.equal(record.name, "scan.bin");
  assert.deepEqual(await record.bytes(), file);
  assert.deepEqual(await (await hugo.open(sealed, { engine: "wasm" })).bytes(), file);
  assert.deepEqual(await hugo.openRange(sealed, 2_000_000, 2_000_100), file.subarray(2_000_000, 2_000_100));

  const answer = await hugo.seal(record.session, file, { name: "back.bin" });
  await writeFile(join(work, "back.wseal"), answer);
  await servers.program("greta", "open", join(work, "back.wseal"), "-o", join(work, "back.bin"));
  assert.deepEqual(new Uint8Array(await readFile(join(work, "back.bin"))), file);
});

test("state in a directory outlives the process, for one user at a time", async () => {
  const directory = join(servers.directory, "ida");
  const ida = await person("ida", { store: nodeFileStore(directory) });
  const session = await ida.sessions.create({ manage: [ida.profile.user] });
  const sealed = await ida.seal(session, "kept");
  const again = await client({ store: nodeFileStore(directory) });
  assert.deepEqual(again.profile, ida.profile);
  assert.equal(await (await again.open(sealed)).text(), "kept");
  await assert.rejects(again.signUp("ida-2", servers.sign), refused("identity_exists"));

  // What one process writes the other takes in before its next step.
  await again.signOut();
  await assert.rejects(ida.seal(session, "gone"), refused("no_identity"));
  assert.equal(ida.profile, undefined);
});

test("a sign-up that was interrupted goes on where it was", async () => {
  const store = memoryStore();
  const first = await client({ store });
  const request = await first.beginSignUp("jana");
  assert.deepEqual(Object.keys(request).sort(), ["commitment", "index", "name", "tenant", "user"]);
  const second = await client({ store });
  assert.deepEqual(await second.beginSignUp("jana"), request);
  await assert.rejects(second.finishSignUp("no.token.atall"), refused("binding_refused"));
  const other = await client();
  await assert.rejects(other.finishSignUp(await servers.sign(request)), refused("no_pending_sign_up"));
  assert.equal(await second.finishSignUp(await servers.sign(request)), request.user);
  await assert.rejects((await client()).signUp("jana", servers.sign), refused("name_taken"));
});
