// Runs in the page: what sessions cost, with real servers on the same machine.
import { Wardseal, memoryStore } from "/sdk/index.js";
import { median, timed } from "/bench/timing.js";

const CASES = 200;
const BATCH = 1000;
const ROUNDS = 20;

/** A client that counts its requests. */
async function client(options, more = {}) {
  const counted = { requests: 0 };
  const fetch = (...given) => {
    counted.requests++;
    return globalThis.fetch(...given);
  };
  counted.ward = await Wardseal.open({ ...options, store: memoryStore(), fetch, ...more });
  return counted;
}

/** Median milliseconds of one call, and the rate of ten at once in calls per second. */
async function each(work) {
  const times = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const time = await timed(() => work(round));
    if (round > 0) times.push(time);
  }
  return median(times);
}

function values(results) {
  return results.map((result) => {
    if (!result.ok) throw result.error;
    return result.value;
  });
}

async function primitives() {
  const key = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]).catch(() => undefined);
  const aes = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const kilobyte = new Uint8Array(1000);
  const rows = [];
  const measure = async (name, work) => {
    const time = await timed(async () => {
      for (let at = 0; at < 200; at++) await work();
    });
    rows.push({ name, median: time / 200 });
  };
  if (key) {
    const signature = await crypto.subtle.sign("Ed25519", key.privateKey, kilobyte);
    await measure("primitive: an Ed25519 signature, WebCrypto", () => crypto.subtle.sign("Ed25519", key.privateKey, kilobyte));
    await measure("primitive: one verified", () => crypto.subtle.verify("Ed25519", key.publicKey, signature, kilobyte));
  }
  await measure("primitive: AES-256-GCM of 1 kB, WebCrypto", () => crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, aes, kilobyte));
  return rows;
}

export async function measure(options, sign) {
  const anna = await client(options);
  const ben = await client(options);
  await anna.ward.signUp("anna", sign);
  await ben.ward.signUp("ben", sign);
  const group = await anna.ward.groups.create("North", [{ id: ben.ward.profile.user, role: "member" }]);

  const rows = await primitives();
  const made = [];
  rows.push({ name: "create a session for the own group, servers asked", median: await each(async () => made.push(await anna.ward.sessions.create({ manage: [group] }))) });
  rows.push({ name: "grant it to one more person", median: await each((round) => anna.ward.sessions.grant(made[round], ben.ward.profile.user, "read")) });
  const texts = [];
  for (const session of made) texts.push(await anna.ward.seal(session, "a case"));
  rows.push({ name: "open a text, keys fetched", median: await each(async (round) => (await ben.ward.open(texts[round])).text()) });
  rows.push({ name: "open it again, keys cached", median: await each(async (round) => (await ben.ward.open(texts[round])).text()) });

  // A ward's list in the morning: cases of the own group, people and groups known already.
  const cases = values(await anna.ward.sessions.createMany(Array.from({ length: CASES }, () => ({ manage: [group] }))));
  const sealed = [];
  for (const session of cases) sealed.push(await anna.ward.seal(session, "Patient 4711, hip fracture, from Thursday"));
  const before = ben.requests;
  const openAll = async () => {
    for (const opened of values(await ben.ward.openMany(sealed))) await opened.text();
  };
  const first = await timed(openAll);
  const requests = ben.requests - before;
  const again = [];
  for (let round = 0; round < 9; round++) again.push(await timed(openAll));

  const many = [];
  for (let at = 0; at < BATCH; at += 250) many.push(...values(await anna.ward.sessions.createMany(Array.from({ length: 250 }, () => ({ manage: [group] })))));
  const asked = ben.requests;
  const batch = await timed(async () => values(await ben.ward.sessions.getMany(many)));
  const batchRequests = ben.requests - asked;
  const cachedBatch = await timed(async () => values(await ben.ward.openMany(sealed)));
  await Promise.all([anna.ward.close(), ben.ward.close()]);
  return { rows, cases: { count: CASES, first, requests, again: median(again), keys: cachedBatch }, batch: { count: BATCH, time: batch, requests: batchRequests } };
}
