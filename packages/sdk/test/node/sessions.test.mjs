// Sessions in daily use: many at once, who is a recipient and since when, revocation, trees, export, pushed changes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { APPEND, FETCH, refused, startPeople } from "../people.mjs";
import { startServers } from "../servers.mjs";

let servers;
let people;
let anna;
let ben;
let clara;

before(async () => {
  servers = await startServers();
  people = startPeople(servers);
  [anna, ben, clara] = await Promise.all(["anna", "ben", "clara"].map((name) => people.person(name)));
});
after(async () => {
  await people?.stop();
  await servers?.stop();
});

const words = (results) => results.map((each) => (each.ok ? "done" : each.error.code));
const NOBODY = `usr_${"a".repeat(52)}`;

test("many sessions are made in one step; what is wrong with one fails alone", async () => {
  anna.network.clear();
  const made = await anna.ward.sessions.createMany([
    { manage: [anna.id], metadata: { case: 1 } },
    { manage: ["usr_wrong"] },
    { manage: [anna.id], read: [NOBODY] },
    { manage: [] },
    { manage: [anna.id], read: [ben.id], label: "four" },
  ]);
  assert.deepEqual([made[0].ok, made[4].ok], [true, true]);
  assert.deepEqual(words(made).slice(1, 4).every((code) => ["invalid", "unknown_chain"].includes(code)), true, words(made).join());
  assert.equal(anna.network.count(APPEND), 1);
  await assert.rejects(anna.ward.sessions.create({ manage: ["usr_wrong"] }), refused("invalid"));

  const asked = [made[4].value, "ses_wrong", `ses_${"a".repeat(52)}`, made[0].value];
  anna.network.clear();
  const got = await anna.ward.sessions.getMany(asked);
  assert.deepEqual(words(got), ["done", "invalid", "no_access", "done"]);
  assert.deepEqual([got[0].value.label, got[3].value.metadata], ["four", { case: 1 }]);
  assert.equal(anna.network.count(FETCH), 1);
  assert.deepEqual(words(await ben.ward.sessions.getMany(asked)), ["done", "invalid", "no_access", "no_access"]);
  assert.deepEqual(await anna.ward.sessions.getMany([]), []);
});

test("sessions are listed as far as they are read, page by page", async () => {
  const dora = await people.person("dora");
  const made = await dora.ward.sessions.createMany(Array.from({ length: 7 }, () => ({ manage: [dora.id] })));
  const all = made.map(({ value }) => value).sort();
  const listed = [];
  for await (const session of dora.ward.sessions.list({ pageSize: 3 })) listed.push(session);
  assert.deepEqual(listed.toSorted(), all);
  dora.network.clear();
  for await (const session of dora.ward.sessions.list({ pageSize: 3 })) if (session === listed[1]) break;
  assert.equal(dora.network.requests.length, 1, "the second page was not asked for");
  const page = await dora.ward.sessions.page({ limit: 5 });
  assert.deepEqual([page.sessions.length, (await dora.ward.sessions.page({ limit: 5, after: page.next })).sessions.length], [5, 2]);
  await assert.rejects(dora.ward.sessions.list({ signal: AbortSignal.abort("enough") }).next(), (reason) => reason === "enough");
});

test("people and members are found and added with a result for each", async () => {
  assert.deepEqual(words(await anna.ward.users.find(["ben", "nobody", "", "clara"])), ["done", "unknown_name", "bad_name", "done"]);
  await assert.rejects(anna.ward.users.byName(["ben", "nobody"]), refused("unknown_name"));
  const group = await anna.ward.groups.create("G");
  anna.network.clear();
  const added = await anna.ward.groups.addMany(group, [
    { id: ben.id, role: "member" },
    { id: NOBODY, role: "member" },
    { id: clara.id, role: "boss" },
    { id: clara.id, role: "admin" },
  ]);
  assert.deepEqual([added[0].ok, added[1].ok, added[2].error.code, added[3].ok], [true, false, "invalid", true]);
  assert.equal(anna.network.count(APPEND), 1);
  assert.equal((await ben.ward.groups.get(group)).members.length, 3);
  await assert.rejects(ben.ward.groups.addMany(group, [{ id: clara.id, role: "member" }]), refused("not_authorised"));
});

test("recipients say how they came in, and the history what happened", async () => {
  const begin = Date.now() - 1000;
  const session = await anna.ward.sessions.create({ manage: [anna.id], read: [ben.id], label: "case" });
  await anna.ward.sessions.setRights(session, ben.id, "share");
  const granted = await anna.ward.sessions.grantMany(session, [
    { id: clara.id, right: "read" },
    { id: NOBODY, right: "read" },
  ]);
  assert.deepEqual([granted[0], granted[1].ok], [{ ok: true, value: undefined }, false]);
  const seen = await ben.ward.sessions.get(session);
  const by = (id) => seen.recipients.find((recipient) => recipient.id === id);
  assert.deepEqual([by(anna.id).how, by(ben.id).how, by(clara.id).how], ["created", "created", "granted"]);
  assert.deepEqual([by(clara.id).by, by(clara.id).device, by(clara.id).right], [anna.id, anna.ward.profile.device, "read"]);
  assert.ok(by(clara.id).time instanceof Date && by(clara.id).time.getTime() >= begin);
  assert.deepEqual([by(ben.id).right, by(ben.id).changed.by, by(clara.id).changed], ["share", anna.id, undefined]);
  assert.ok(by(ben.id).changed.time instanceof Date);
  assert.deepEqual(seen.managing, [anna.id]);
  // Nobody grants what he does not hold.
  await assert.rejects(clara.ward.sessions.grantMany(session, [{ id: ben.id, right: "read" }]), refused("not_authorised"));
  assert.deepEqual(words(await ben.ward.sessions.grantMany(session, [{ id: NOBODY, right: "manage" }])), ["not_authorised"]);

  await anna.ward.sessions.revoke(session, [clara.id]);
  const history = await ben.ward.sessions.history(session);
  assert.deepEqual(history.map(({ what }) => what), ["created", "rights_set", "granted", "revoked"]);
  assert.ok(history.every((event) => event.by === anna.id && event.device === anna.ward.profile.device && event.time instanceof Date && event.time.getTime() >= begin));
  assert.deepEqual([history[0].label, history[0].recipients.length], ["case", 2]);
  assert.deepEqual([history[2].recipient, history[2].right, history[3].recipients], [clara.id, "read", [clara.id]]);
  assert.ok(history.every((event, at) => at === 0 || event.position > history[at - 1].position));
  await assert.rejects(clara.ward.sessions.history(session), refused("no_access"));
});

test("one, all others, many and all are revoked", async () => {
  const group = await anna.ward.groups.create("G", [{ id: clara.id, role: "member" }]);
  const make = () => anna.ward.sessions.create({ manage: [anna.id], share: [group], read: [ben.id] });
  const [one, two, three] = await Promise.all([make(), make(), make()]);
  assert.deepEqual((await anna.ward.sessions.revokeOthers(one)).sort(), [group, ben.id].sort());
  assert.deepEqual((await anna.ward.sessions.get(one)).recipients.map(({ id }) => id), [anna.id]);
  assert.deepEqual(await anna.ward.sessions.revokeOthers(one), []);
  await assert.rejects(ben.ward.sessions.revokeOthers(two), refused("not_authorised"));

  const foreign = await clara.ward.sessions.create({ manage: [clara.id], read: [anna.id] });
  anna.network.clear();
  const revoked = await anna.ward.sessions.revokeMany([
    { session: two, recipients: [ben.id] },
    { session: foreign, recipients: [clara.id] },
    { session: three, recipients: [ben.id, group] },
    { session: "ses_wrong", recipients: [] },
  ]);
  assert.deepEqual(words(revoked), ["done", "not_authorised", "done", "invalid"]);
  assert.equal(anna.network.count(APPEND), 1);
  assert.equal((await clara.ward.sessions.get(two)).recipients.length, 2);
  await assert.rejects(ben.ward.sessions.get(three), refused("no_access"));

  const sealed = await anna.ward.seal(two, "text");
  assert.equal(await (await clara.ward.open(sealed)).text(), "text");
  await assert.rejects(clara.ward.sessions.revokeAll(two), refused("not_authorised"));
  await anna.ward.sessions.revokeAll(two);
  await anna.ward.sessions.revokeAll(two);
  await clara.ward.sessions.forget();
  for (const { ward } of [anna, clara]) {
    await assert.rejects(ward.open(sealed), refused("no_access"));
    await assert.rejects(ward.seal(two, "text"), refused("no_access", "not_authorised"));
  }
});

test("a case brings its attachments, with one request; revoking the case covers them", async () => {
  const parent = await anna.ward.sessions.create({ manage: [anna.id], read: [ben.id], metadata: { case: 1 } });
  const made = await anna.ward.sessions.createMany(Array.from({ length: 20 }, () => ({ manage: [anna.id], read: [parent] })));
  const children = made.map(({ value }) => value);
  const sealed = (await anna.ward.sealMany(children.map((session) => ({ session, content: "attachment" })))).map(({ value }) => value);
  await ben.ward.groups.list();
  ben.network.clear();
  const tree = await ben.ward.sessions.tree(parent);
  assert.deepEqual([tree.session.metadata, tree.children.toSorted(), tree.next], [{ case: 1 }, children.toSorted(), undefined]);
  const opened = await ben.ward.openMany(sealed);
  assert.ok(opened.every(({ ok }) => ok));
  assert.deepEqual([...new Set(await Promise.all(opened.map(({ value }) => value.text())))], ["attachment"]);
  assert.ok(ben.network.requests.length <= 2, ben.network.requests.join());
  const listed = [];
  for await (const child of ben.ward.sessions.list({ parent, pageSize: 7 })) listed.push(child);
  assert.deepEqual(listed.toSorted(), children.toSorted());
  await assert.rejects(clara.ward.sessions.tree(parent), refused("no_access"));

  await anna.ward.sessions.revoke(parent, [ben.id]);
  await ben.ward.sessions.forget();
  assert.deepEqual([...new Set(words(await ben.ward.openMany(sealed)))], ["no_access"]);
});

test("what a rotation of a group made stale has its new epoch before the next writing, unasked", async () => {
  const group = await anna.ward.groups.create("G", [{ id: ben.id, role: "member" }, { id: clara.id, role: "member" }]);
  const session = await anna.ward.sessions.create({ manage: [anna.id], read: [group] });
  await anna.ward.seal(session, "before");
  const { epoch } = await anna.ward.sessions.get(session);
  await anna.ward.groups.remove(group, [clara.id]);
  const later = await anna.ward.seal(session, "later");
  assert.equal((await anna.ward.sessions.get(session)).epoch, epoch + 1);
  assert.equal(await (await ben.ward.open(later)).text(), "later");
  await assert.rejects(clara.ward.open(later), refused("no_access"));
});

test("what was exported opens where nobody is signed in and no server answers", async () => {
  const session = await anna.ward.sessions.create({ manage: [anna.id] });
  const sealed = await anna.ward.seal(session, "text");
  const exported = await anna.ward.sessions.export([session]);
  assert.ok(exported instanceof Uint8Array);
  const guest = await people.client();
  guest.network.offline = true;
  await assert.rejects(guest.ward.open(sealed), refused("no_identity", "unreachable"));
  assert.deepEqual(await guest.ward.sessions.import(exported), [session]);
  assert.equal(guest.ward.profile, undefined);
  const opened = await guest.ward.open(sealed);
  assert.deepEqual([await opened.text(), opened.author], ["text", anna.id]);
  await assert.rejects(guest.ward.seal(session, "text"), refused("no_identity", "unreachable"));
  await guest.ward.sessions.forget();
  await assert.rejects(guest.ward.open(sealed), refused("no_identity", "unreachable"));

  const damaged = exported.slice();
  damaged[damaged.length >> 1] ^= 1;
  await assert.rejects(guest.ward.sessions.import(damaged), refused("bad_export"));
  await assert.rejects(guest.ward.sessions.import(new Uint8Array(3)), refused("bad_export"));
  await assert.rejects((await people.client({ cache: "off" })).ward.sessions.import(exported), refused("invalid"));
  await assert.rejects(clara.ward.sessions.export([session]), refused("no_access"));
  await assert.rejects(anna.ward.sessions.export([]), refused("invalid"));
});

/** The changes of a person, one after the other; the first poll has been answered when this resolves. */
async function follow(person, signal) {
  let polls = 0;
  const ready = new Promise((resolve) => {
    person.network.answer = (path, init, go) => {
      if (path === "/v1/changes/watch" && ++polls === 2) resolve();
      return go();
    };
  });
  const changes = person.ward.changes({ signal });
  const next = changes.next();
  await ready;
  return { next: () => next, changes };
}

test("what is revoked is gone as soon as it is said, whatever the cache allows", async () => {
  const emil = await people.person("emil", { cache: { memory: 3_600_000 } });
  const session = await anna.ward.sessions.create({ manage: [anna.id], read: [emil.id] });
  const sealed = await anna.ward.seal(session, "text");
  const stop = new AbortController();
  const { next, changes } = await follow(emil, stop.signal);
  await emil.ward.open(sealed);
  const fetches = emil.network.count(FETCH);
  await emil.ward.open(sealed);
  assert.equal(emil.network.count(FETCH), fetches, "it was cached");
  await anna.ward.sessions.revoke(session, [emil.id]);
  assert.deepEqual(await next(), { done: false, value: { kind: "session", id: session } });
  await assert.rejects(emil.ward.open(sealed), refused("no_access"));
  stop.abort("enough");
  await assert.rejects(changes.next(), (reason) => reason === "enough");
});

test("changes connect again by themselves and miss nothing meanwhile", async () => {
  const fritz = await people.person("fritz");
  const session = await anna.ward.sessions.create({ manage: [anna.id], read: [fritz.id] });
  await fritz.ward.sessions.get(session);
  let polls = 0;
  fritz.network.answer = async (path, init, go) => {
    if (path !== "/v1/changes/watch") return go();
    polls++;
    if (polls === 2) throw new TypeError("no connection");
    if (polls === 3) return new Response("<html>a login page of the network</html>");
    // While nobody was connected.
    if (polls === 4) await anna.ward.sessions.revoke(session, [fritz.id]);
    return go();
  };
  const seen = await fritz.ward.changes().next();
  assert.deepEqual([seen.value, polls], [{ kind: "session", id: session }, 4]);
});

test("who is not signed in hears of nothing, and who closes or gives up is done", async () => {
  const { ward } = await people.client();
  await assert.rejects(ward.changes().next(), refused("no_identity"));
  await assert.rejects(ward.stayConnected(), refused("no_identity"));
  const gerd = await people.person("gerd");
  const stop = new AbortController();
  const connected = gerd.ward.stayConnected({ signal: stop.signal });
  stop.abort();
  assert.equal(await connected, undefined);
  const again = gerd.ward.stayConnected();
  const changes = gerd.ward.changes().next();
  await gerd.ward.close();
  assert.equal(await again, undefined);
  assert.deepEqual(await changes, { done: true, value: undefined });
});
