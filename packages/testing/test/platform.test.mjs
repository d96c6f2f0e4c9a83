// Applications test with these servers: that they are the real ones, and that time and network are the test's.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { memoryStore } from "@wardseal/sdk";

import { TestPlatform } from "../dist/index.js";

const open = [];

async function platformOf(options) {
  const platform = await TestPlatform.create(options);
  open.push(platform);
  return platform;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((platform) => platform.close()));
});

const code = (expected, more = {}) => (error) => {
  assert.equal(error.code, expected, error.message);
  for (const [field, value] of Object.entries(more)) assert.equal(error[field], value, field);
  return true;
};

const text = async (opened) => (await opened).text();

/** Two people, and something sealed by the one for both. */
async function pair(platform, options) {
  const anna = await platform.person("anna");
  const emil = await platform.person("emil", options);
  const session = await anna.sessions.create({ manage: [anna.profile.user], read: [emil.profile.user] });
  return { anna, emil, session, sealed: await anna.seal(session, "a record") };
}

test("people, groups and sessions are as with any servers", async () => {
  const platform = await platformOf();
  const anna = await platform.person("anna");
  const emil = await platform.person("emil");
  const dora = await platform.person("dora");
  const group = await anna.groups.create("North", [{ id: emil.profile.user, role: "member" }]);
  const session = await anna.sessions.create({ manage: [group] });
  const sealed = await anna.seal(session, "a record");
  assert.equal(await text(emil.open(sealed)), "a record");
  await assert.rejects(dora.open(sealed), code("no_access"));
  assert.deepEqual(await dora.users.byName(["anna", "emil"]), [anna.profile.user, emil.profile.user]);
  await anna.groups.bind(group, "finess:750000001", (request) => platform.sign(request));
  await assert.rejects(platform.person("anna"), code("name_taken"));
});

test("who was revoked reads for as long as the cache says, by the clock of the platform", async () => {
  const platform = await platformOf({ now: new Date("2030-01-01T00:00:00Z") });
  assert.equal(platform.clock.date.toISOString(), "2030-01-01T00:00:00.000Z");
  const { anna, emil, session, sealed } = await pair(platform, { cache: { memory: 10 * 60_000 } });
  assert.equal(await text(emil.open(sealed)), "a record");
  await anna.sessions.revoke(session, [emil.profile.user]);
  platform.clock.advance({ minutes: 9 });
  assert.equal(await text(emil.open(sealed)), "a record");
  platform.clock.advance({ minutes: 2 });
  await assert.rejects(emil.open(sealed), code("no_access"));
  const opened = await anna.open(sealed);
  assert.equal(opened.time.getTime(), Date.UTC(2030, 0, 1));
});

test("a clock is moved forward", async () => {
  const { clock } = await platformOf({ now: new Date(0) });
  clock.advance(5);
  clock.advance({ days: 1, hours: 2, minutes: 3, seconds: 4, milliseconds: 5 });
  assert.equal(clock.now(), 5 + 93_784_005);
  for (const wrong of [-1, Number.NaN, { minutes: -1 }]) assert.throws(() => clock.advance(wrong), RangeError);
});

test("without a connection what was opened before opens, and the rest says so", async () => {
  const platform = await platformOf();
  const { anna, emil, session, sealed } = await pair(platform);
  const other = await anna.seal(session, "another");
  assert.equal(await text(emil.open(sealed)), "a record");
  platform.faults.offline = true;
  assert.equal(await text(emil.open(sealed)), "a record");
  assert.equal(await text(emil.open(other)), "another");
  await assert.rejects(emil.groups.list(), code("unreachable", { retryable: true }));
  platform.faults.offline = false;
  assert.deepEqual(await emil.groups.list(), []);
});

test("a server that is out of order for once", async () => {
  const platform = await platformOf();
  const anna = await platform.person("anna");
  platform.faults.next({ path: /groups/, code: "unavailable", retryAfter: 7 });
  await assert.rejects(anna.groups.list(), code("unavailable", { retryable: true, retryAfter: 7 }));
  assert.deepEqual(await anna.groups.list(), []);
  platform.faults.next({ status: 503, times: 2 });
  for (const _ of [1, 2]) await assert.rejects(anna.groups.list(), code("unavailable", { retryable: true }));
  assert.deepEqual(await anna.groups.list(), []);
  // What is no server of ours.
  platform.faults.next({ role: "keys", status: 502 });
  await assert.rejects(anna.groups.list(), code("bad_answer"));
  assert.deepEqual(await anna.groups.list(), []);
  // Other servers and other addresses do not meet it.
  platform.faults.next({ role: "vault", status: 500 });
  platform.faults.next({ path: "/v1/groups", status: 500 });
  assert.deepEqual(await anna.groups.list(), []);
  platform.faults.clear();
  for (const wrong of [{}, { path: /x/ }]) assert.throws(() => platform.faults.next(wrong), TypeError);
  for (const times of [0, -1, 0.5]) assert.throws(() => platform.faults.next({ status: 500, times }), RangeError);
  platform.faults.next({ code: "no_such_code" });
  await assert.rejects(platform.options().fetch("https://keys.wardseal.test/v1/server"), /docs\/errors/);
});

test("an answer that is lost was no loss: the call is repeated", async () => {
  const platform = await platformOf();
  const anna = await platform.person("anna");
  const emil = await platform.person("emil");
  const session = await anna.sessions.create({ manage: [anna.profile.user] });
  const appends = () => platform.requests.filter(({ path, status }) => path === "/v1/statements/append" && status === 200).length;
  const before = appends();
  platform.faults.next({ path: "/v1/statements/append", drop: "after" });
  const grant = () => anna.sessions.grant(session, emil.profile.user, "read");
  await grant().catch((error) => assert.ok(error.retryable, error.message));
  await grant();
  const { recipients } = await emil.sessions.get(session);
  assert.equal(recipients.filter(({ id }) => id === emil.profile.user).length, 1);
  assert.ok(appends() <= before + 1);
  // Of what was lost before, the server knows nothing.
  platform.faults.next({ path: "/v1/statements/append", drop: "before", times: 5 });
  await assert.rejects(anna.sessions.revoke(session, [emil.profile.user]), (error) => error.retryable);
  platform.faults.clear();
  assert.equal((await emil.sessions.get(session)).recipients.length, 2);
});

test("an answer takes as long as the test says", async () => {
  const platform = await platformOf();
  const anna = await platform.person("anna");
  const emil = await platform.person("emil");
  platform.faults.next({ path: /groups/, delay: { seconds: 3 } });
  let done = false;
  const listed = anna.groups.list().then((groups) => {
    done = true;
    return groups;
  });
  platform.clock.advance({ seconds: 2 });
  // What others write does not end the wait.
  await emil.groups.create("South");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(done, false);
  platform.clock.advance({ seconds: 3 });
  assert.deepEqual(await listed, []);
});

test("who waits for news is answered when somebody writes, or when his time is over", async () => {
  const platform = await platformOf();
  const options = platform.options();
  let authorization;
  const anna = await platform.person("anna", {
    ...options,
    fetch: (input, init) => {
      authorization = init.headers.authorization ?? authorization;
      return options.fetch(input, init);
    },
  });
  const emil = await platform.person("emil");
  await anna.groups.list();
  const watch = async (heard, signal) => {
    const headers = { authorization, "content-type": "application/json" };
    const body = JSON.stringify({ tenant: platform.tenant, ...heard });
    const answer = await options.fetch(`${options.keys}/v1/changes/watch`, { method: "POST", headers, body, signal });
    return answer.json();
  };
  const { changes, next: since, next_escrow: escrow } = await watch({});
  assert.deepEqual(changes, []);
  const heard = watch({ since, escrow });
  const early = await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 30, "waits"))]);
  assert.equal(early, "waits");
  const session = await emil.sessions.create({ manage: [emil.profile.user], read: [anna.profile.user] });
  const news = await heard;
  assert.deepEqual(news.changes.map(({ chain }) => chain), [session]);
  // Nothing happens: the answer says so when half a minute is over.
  const quiet = watch({ since: news.next, escrow });
  platform.clock.advance({ seconds: 24 });
  assert.equal(await Promise.race([quiet, new Promise((resolve) => setTimeout(resolve, 30, "waits"))]), "waits");
  platform.clock.advance({ seconds: 1 });
  assert.deepEqual(await quiet, { changes: [], next: news.next, next_escrow: escrow });
  const controller = new AbortController();
  const stopped = watch({ since: news.next, escrow }, controller.signal);
  setTimeout(() => controller.abort(new Error("enough")), 5);
  await assert.rejects(stopped, /enough/);
  const lost = watch({ since: news.next, escrow });
  const closed = assert.rejects(lost, TypeError);
  await platform.close();
  await closed;
});

test("who follows changes loses what was revoked at once", async () => {
  const platform = await platformOf();
  const { anna, emil, session, sealed } = await pair(platform);
  assert.equal(await text(emil.open(sealed)), "a record");
  const changes = emil.changes();
  const first = changes.next();
  // Whoever follows waits at the server.
  while (!platform.requests.some(({ path, status }) => path === "/v1/changes/watch" && status === undefined)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await anna.sessions.revoke(session, [emil.profile.user]);
  assert.deepEqual(await first, { done: false, value: { kind: "session", id: session } });
  await assert.rejects(emil.open(sealed), code("no_access"));
  await changes.return();
});

test("who stops waiting stops", async () => {
  const platform = await platformOf();
  const anna = await platform.person("anna");
  platform.faults.next({ path: /groups/, delay: 1000 });
  const controller = new AbortController();
  const stopped = anna.groups.list({ signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 5);
  await assert.rejects(stopped, /enough/);
});

test("what came is written down, without bodies", async () => {
  const platform = await platformOf({ now: new Date(5_000_000_000_000) });
  await platform.person("anna");
  const [first] = platform.requests;
  assert.deepEqual(Object.keys(first), ["method", "path", "role", "time", "status"]);
  assert.deepEqual([first.time, first.status], [5_000_000_000_000, 200]);
  assert.ok(platform.requests.some(({ path, role }) => path === "/v1/users/sign-up" && role === "keys"));
});

test("limits of passwords are those of the real servers, and pass with the clock", async () => {
  const platform = await platformOf();
  const anna = await platform.person("anna");
  const password = "seven wet otters juggle at dawn";
  await anna.setPassword(password, ["anna"]);
  const machine = await platform.open();
  await machine.unlock("anna", password);
  assert.equal(machine.profile.user, anna.profile.user);
  // A login that is begun is a try, whoever ends it.
  const options = platform.options();
  let begun;
  const watching = await platform.open({
    fetch: async (input, init) => {
      if (String(input).endsWith("/logins/start")) begun = init.body.slice();
      return options.fetch(input, init);
    },
  });
  await watching.unlock("anna", password);
  const begin = async () => {
    const headers = { "content-type": "application/json" };
    const { status } = await options.fetch(`${options.vault}/v1/vault/logins/start`, { method: "POST", headers, body: begun });
    return status;
  };
  let tries = 0;
  while ((await begin()) === 200) tries++;
  assert.ok(tries > 5 && tries <= 10, `${tries} tries`);
  await assert.rejects((await platform.open()).unlock("anna", password), code("too_many_attempts"));
  platform.clock.advance({ hours: 2 });
  await (await platform.open()).unlock("anna", password);
});

test("a record waits for somebody who signs up later, and his code is in the mailbox", async () => {
  const platform = await platformOf();
  const anna = await platform.person("anna");
  const session = await anna.sessions.create({ manage: [anna.profile.user] });
  const address = "dora@clinic.example";
  await anna.sessions.grantPending(session, { name: "dora", policy: "verified", address, language: "de" });
  const sealed = await anna.seal(session, "a record");
  const dora = await platform.person("dora");
  const me = dora.profile.user;
  const [waiting] = await dora.escrow.pending(me);
  const { refused } = await dora.escrow.claim(me);
  assert.deepEqual(refused.map(({ reason }) => reason), ["code_required"]);
  const { attempt } = await dora.escrow.startCode(me, waiting.id);
  assert.equal(await dora.escrow.finishCode(attempt, platform.mailbox.code(address)), 1);
  const claims = await dora.escrow.claim(me);
  assert.deepEqual(claims.refused, []);
  assert.equal(claims.claimed.length, 1);
  assert.equal(await text(dora.open(sealed)), "a record");
  const [letter] = platform.mailbox.letters;
  assert.deepEqual([letter.to, letter.kind, letter.language], [address, "escrow_code", "de"]);
  assert.match(letter.code, /^\d{4} \d{4}$/);
  assert.ok(letter.text.includes(letter.code));
  assert.throws(() => platform.mailbox.code("nobody@clinic.example"), /nobody@clinic.example/);
});

test("a seed makes the same servers and the same tenant; people are new every time", async () => {
  const [one, two, other, drawn] = await Promise.all([1, 1, 2, undefined].map((seed) => platformOf({ seed, now: new Date(0) })));
  assert.equal(one.tenant, two.tenant);
  assert.notEqual(one.tenant, other.tenant);
  assert.notEqual(one.tenant, drawn.tenant);
  assert.match(one.tenant, /^ten_[a-z2-7]{52}$/);
});

test("platforms share nothing", async () => {
  const [one, two] = [await platformOf({ seed: 1 }), await platformOf({ seed: 1 })];
  const [anna, namesake] = [await one.person("anna"), await two.person("anna")];
  assert.notEqual(anna.profile.user, namesake.profile.user);
  one.clock.advance({ days: 1 });
  one.faults.offline = true;
  const session = await namesake.sessions.create({ manage: [namesake.profile.user] });
  assert.equal(await text(namesake.open(await namesake.seal(session, "here"))), "here");
  await assert.rejects(anna.users.byName(["anna"]), code("unreachable"));
  assert.throws(() => one.sign({ tenant: two.tenant }), Error);
});

test("the same person on the same machine, after a new start of the application", async () => {
  const platform = await platformOf();
  const store = memoryStore();
  const anna = await platform.person("anna", { store });
  const { user } = anna.profile;
  await anna.close();
  const again = await platform.open({ store });
  assert.equal(again.profile.user, user);
  assert.deepEqual(await again.groups.list(), []);
});

test("the tenant signs what a request is for", async () => {
  const platform = await platformOf();
  const ward = await platform.open();
  const request = await ward.beginSignUp("anna");
  assert.throws(() => platform.sign({ ...request, name: "emil" }), /not made for this name/);
  assert.throws(() => platform.sign({}), /signUp or groups.bind/);
  assert.match(await ward.finishSignUp(platform.sign(request)), /^usr_/);
});

test("what is closed answers nobody", async () => {
  const platform = await TestPlatform.create();
  const { fetch, keys } = platform.options();
  await platform.close();
  await platform.close();
  await assert.rejects(fetch(`${keys}/v1/server`), TypeError);
  assert.throws(() => platform.sign({}), /closed/);
  assert.throws(() => platform.clock.advance(1), /closed/);
  await assert.rejects(platform.options().fetch("https://elsewhere.example/"), TypeError);
});

test("a person, a group and a session take no time worth speaking of", async () => {
  // Whatever is compiled on first use is.
  await pair(await platformOf());
  const times = [];
  for (const _ of [1, 2, 3]) {
    const start = performance.now();
    const platform = await platformOf();
    const anna = await platform.person("anna");
    const group = await anna.groups.create("North");
    const session = await anna.sessions.create({ manage: [group] });
    assert.equal(await text(anna.open(await anna.seal(session, "a record"))), "a record");
    times.push(performance.now() - start);
  }
  // Four times what it takes on a machine with nothing else to do, so that a busy one does not fail.
  assert.ok(Math.min(...times) < 1000, `${times.map(Math.round)} ms`);
});
