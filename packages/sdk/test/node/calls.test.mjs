// Calls that are given up at every request, calls that are made at once, and a clock of the application's own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { memoryStore } from "../../dist/index.js";
import { FETCH, refused, startPeople } from "../people.mjs";
import { startServers } from "../servers.mjs";

const PASSWORD = "Drei Igel tanzen 1 Walzer";

let servers;
let people;
let anna;
let ben;

before(async () => {
  servers = await startServers();
  people = startPeople(servers);
  [anna, ben] = await Promise.all([people.person("anna", { cache: "off", vault: servers.vault }), people.person("ben")]);
});
after(async () => {
  await people?.stop();
  await servers?.stop();
});

/** Calls that ask servers, by name. Each gets what it needs made before. */
const CALLS = {
  "sessions.create": ({ signal }) => anna.ward.sessions.create({ manage: [anna.id] }, { signal }),
  "sessions.createMany": ({ signal }) => anna.ward.sessions.createMany([{ manage: [anna.id] }, { manage: [anna.id] }], { signal }),
  "sessions.get": ({ signal, session }) => anna.ward.sessions.get(session, { signal }),
  "sessions.getMany": ({ signal, session }) => anna.ward.sessions.getMany([session], { signal }),
  "sessions.page": ({ signal }) => anna.ward.sessions.page({ signal }),
  "sessions.list": async ({ signal }) => {
    for await (const _ of anna.ward.sessions.list({ pageSize: 1, signal })) if (_ === undefined) break;
  },
  "sessions.tree": ({ signal, session }) => anna.ward.sessions.tree(session, { signal }),
  "sessions.history": ({ signal, session }) => anna.ward.sessions.history(session, { signal }),
  "sessions.grant": ({ signal, session }) => anna.ward.sessions.grant(session, ben.id, "read", { signal }),
  "sessions.grantMany": ({ signal, session }) => anna.ward.sessions.grantMany(session, [{ id: ben.id, right: "read" }], { signal }),
  "sessions.setRights": ({ signal, session }) => anna.ward.sessions.setRights(session, anna.id, "manage", { signal }),
  "sessions.describe": ({ signal, session }) => anna.ward.sessions.describe(session, { a: 1 }, { signal }),
  "sessions.revoke": ({ signal, session }) => anna.ward.sessions.revoke(session, [ben.id], { signal }),
  "sessions.revokeMany": ({ signal, session }) => anna.ward.sessions.revokeMany([{ session, recipients: [ben.id] }], { signal }),
  "sessions.revokeOthers": ({ signal, session }) => anna.ward.sessions.revokeOthers(session, { signal }),
  "sessions.export": ({ signal, session }) => anna.ward.sessions.export([session], { signal }),
  "users.byName": ({ signal }) => anna.ward.users.byName(["ben"], { signal }),
  "users.find": ({ signal }) => anna.ward.users.find(["ben", "nobody"], { signal }),
  "groups.create": ({ signal }) => anna.ward.groups.create("G", [], { signal }),
  "groups.list": ({ signal }) => anna.ward.groups.list({ signal }),
  "groups.addMany": ({ signal, group }) => anna.ward.groups.addMany(group, [{ id: ben.id, role: "member" }], { signal }),
  "groups.rename": ({ signal, group }) => anna.ward.groups.rename(group, "H", { signal }),
  "devices.list": ({ signal }) => anna.ward.devices.list({ signal }),
  "recovery.methods": ({ signal }) => anna.ward.recovery.methods({ signal }),
  "server": ({ signal }) => anna.ward.server({ signal }),
  "seal": ({ signal, session }) => anna.ward.seal(session, "text", { signal }),
  "sealMany": ({ signal, session }) => anna.ward.sealMany([{ session, content: "text" }, { session, content: "more" }], { signal }),
  "open": ({ signal, sealed }) => anna.ward.open(sealed, { signal }),
  "openMany": ({ signal, sealed }) => anna.ward.openMany([sealed, sealed], { signal }),
  "openRange": ({ signal, sealed }) => anna.ward.openRange(sealed, 0, 2, { signal }),
  "setPassword": ({ signal }) => anna.ward.setPassword(PASSWORD, [], { signal }),
};

for (const [name, call] of Object.entries(CALLS)) {
  test(`${name} is given up at each of its requests, and made again`, async () => {
    const session = await anna.ward.sessions.create({ manage: [anna.id] });
    const group = await anna.ward.groups.create("G");
    const sealed = await anna.ward.seal(session, "text");
    anna.network.clear();
    await assert.rejects(call({ signal: AbortSignal.abort("before"), session, group, sealed }), (reason) => reason === "before");
    assert.deepEqual(anna.network.requests, [], "nothing was asked");
    let given = 0;
    for (let at = 1; ; at++) {
      const stop = new AbortController();
      const reason = new Error(`at request ${at}`);
      let seen = 0;
      anna.network.answer = (path, init, go) => {
        if (++seen < at) return go();
        stop.abort(reason);
        return new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)) ?? (init.signal.aborted && reject(init.signal.reason)));
      };
      const done = await call({ signal: stop.signal, session, group, sealed }).then(
        () => true,
        (thrown) => {
          assert.equal(thrown, reason);
          return false;
        },
      );
      anna.network.answer = undefined;
      if (done) break;
      given++;
      assert.ok(given < 40);
    }
    assert.ok(given > 0, "it asked nobody");
    await call({ session, group, sealed });
  });
}

test("who gives up does not end what others wait for", async () => {
  const session = await ben.ward.sessions.create({ manage: [ben.id] });
  const sealed = await ben.ward.seal(session, "text");
  await ben.ward.sessions.forget();
  const stop = new AbortController();
  ben.network.answer = (path, init, go) => {
    stop.abort();
    return go();
  };
  const [given, got] = await Promise.allSettled([ben.ward.open(sealed, { signal: stop.signal }), ben.ward.open(sealed)]);
  ben.network.answer = undefined;
  assert.deepEqual([given.status, given.reason.name], ["rejected", "AbortError"]);
  assert.equal(await got.value.text(), "text");
});

test("200 objects that are opened at once take one request, and none the next time", async () => {
  const made = await anna.ward.sessions.createMany(Array.from({ length: 200 }, () => ({ manage: [anna.id], read: [ben.id] })));
  const sessions = made.map((each) => each.value);
  const sealed = await anna.ward.sealMany(sessions.map((session, at) => ({ session, content: `text ${at}` })));
  assert.ok(sealed.every(({ ok }) => ok));
  const open = async (wrap) => {
    ben.network.clear();
    const opened = await Promise.all(sealed.map(({ value }) => ben.ward.open(wrap(value))));
    const texts = await Promise.all(opened.map((each) => each.text()));
    assert.deepEqual(texts, sealed.map((_, at) => `text ${at}`));
    return ben.network.requests;
  };
  await ben.ward.groups.list();
  assert.deepEqual(await open((bytes) => bytes), [FETCH]);
  assert.deepEqual(await open((bytes) => bytes), []);
  await ben.ward.sessions.forget();
  assert.deepEqual(await open((bytes) => new Blob([bytes])), [FETCH], "also what has to be read from a disk first");

  // What is wrong with some is wrong with them alone.
  await anna.ward.sessions.revoke(sessions[3], [ben.id]);
  await ben.ward.sessions.forget();
  ben.network.clear();
  const mixed = await ben.ward.openMany([...sealed.slice(0, 6).map(({ value }) => value), new Uint8Array(300)]);
  assert.deepEqual(mixed.map((each) => (each.ok ? "open" : each.error.code)), ["open", "open", "open", "no_access", "open", "open", "not_an_object"]);
  assert.equal(ben.network.count(FETCH), 1);
});

test("a server that is away is asked once for all", async () => {
  const session = await ben.ward.sessions.create({ manage: [ben.id] });
  const sealed = await ben.ward.seal(session, "text");
  await ben.ward.sessions.forget();
  ben.network.clear();
  ben.network.offline = true;
  const opened = await ben.ward.openMany(Array.from({ length: 50 }, () => sealed));
  ben.network.offline = false;
  assert.deepEqual([...new Set(opened.map((each) => each.error.code))], ["unreachable"]);
  assert.equal(ben.network.requests.length, 1);
});

test("many are sealed with few requests, each for what it is, and what is wrong fails alone", async () => {
  const [one, two] = (await ben.ward.sessions.createMany([{ manage: [ben.id] }, { manage: [ben.id] }])).map(({ value }) => value);
  const closed = await anna.ward.sessions.create({ manage: [anna.id] });
  const sealed = await ben.ward.sealMany([
    { session: one, content: "text", name: "a.txt" },
    { session: two, content: new Blob(["blob"], { type: "text/plain" }) },
    { session: closed, content: "text" },
    { session: "ses_wrong", content: "text" },
  ]);
  assert.deepEqual(sealed.map((each) => (each.ok ? "sealed" : each.error.code)), ["sealed", "sealed", "no_access", "invalid"]);
  assert.ok(sealed[0].value instanceof Uint8Array && sealed[1].value instanceof Blob);
  ben.network.clear();
  const texts = Array.from({ length: 60 }, (_, at) => ({ session: at % 2 ? one : two, content: "text" }));
  assert.ok((await ben.ward.sealMany(texts)).every(({ ok }) => ok));
  // The sessions, and who is beneath them.
  assert.ok(ben.network.requests.length <= 2, ben.network.requests.join());
  const opened = await ben.ward.open(sealed[0].value);
  assert.deepEqual([opened.name, await opened.text()], ["a.txt", "text"]);
});

test("the application's clock says when the cache is over", async () => {
  let now = Date.now();
  const { ward, network, id } = await people.person("clara", { clock: { now: () => now }, cache: { memory: 60_000 } });
  const sealed = await ward.seal(await ward.sessions.create({ manage: [id] }), "text");
  const opened = await ward.open(sealed);
  assert.equal(opened.time.getTime(), now);
  network.clear();
  now += 59_000;
  await ward.open(sealed);
  assert.deepEqual(network.requests, []);
  now += 2_000;
  await ward.open(sealed);
  assert.deepEqual(network.requests, [FETCH]);
  network.offline = true;
  now += 61_000;
  await assert.rejects(ward.open(sealed), refused("unreachable"));
});

test("two clients in one page have a clock each", async () => {
  const times = [Date.now(), Date.now() - 100_000];
  const both = await Promise.all(times.map((time, at) => people.person(`dora-${at}`, { clock: { now: () => time } })));
  for (const [at, { ward, id }] of both.entries()) {
    const opened = await ward.open(await ward.seal(await ward.sessions.create({ manage: [id] }), "text"));
    assert.equal(opened.time.getTime(), times[at]);
  }
});

test("without connection the cache opens what it holds, also after the page was opened again", async () => {
  const sessions = memoryStore();
  const store = memoryStore();
  const cache = { persistent: 60_000, store: sessions };
  const { ward, network, id } = await people.person("emil", { store, cache });
  const [kept, other] = (await ward.sessions.createMany([{ manage: [id] }, { manage: [id] }])).map(({ value }) => value);
  const sealed = await ward.seal(kept, "text");
  const closed = await anna.ward.seal(await anna.ward.sessions.create({ manage: [anna.id], read: [id] }), "text");
  assert.match(other, /^ses_/);

  // Records of sessions lie in the application's own store and nowhere else, sealed.
  assert.ok((await sessions.keys("")).length > 0);
  assert.ok((await sessions.keys("")).every((key) => /^(chain|boxes)\/ses_/.test(key)));
  assert.ok((await store.keys("")).every((key) => !/^(chain|boxes)\/ses_/.test(key)));

  network.offline = true;
  assert.equal(await (await ward.open(sealed)).text(), "text");
  await assert.rejects(ward.open(closed), refused("unreachable"));
  const again = await people.client({ store, cache });
  again.network.offline = true;
  assert.equal(again.ward.profile.user, id);
  assert.equal(await (await again.ward.open(sealed)).text(), "text");
  await assert.rejects(again.ward.open(closed), refused("unreachable"));
  assert.deepEqual((await again.ward.openMany([sealed, closed])).map((each) => (each.ok ? "open" : each.error.code)), ["open", "unreachable"]);

  // Whoever loses that store loses nothing but time.
  const empty = await people.client({ store, cache: { persistent: 60_000, store: memoryStore() } });
  assert.equal(await (await empty.ward.open(sealed)).text(), "text");
  assert.equal(empty.network.count(FETCH) > 0, true);

  // Keys that were dropped are gone, and what is opened then is kept again.
  await ward.sessions.forget();
  assert.deepEqual(await sessions.keys("boxes/"), []);
  network.offline = false;
  await ward.open(sealed);
  const third = await people.client({ store, cache });
  third.network.offline = true;
  assert.equal(await (await third.ward.open(sealed)).text(), "text");
});
