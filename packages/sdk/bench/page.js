// Runs in the page. Everything is measured in turn, so that whatever else the machine does meets all alike.
import { Wardseal, memoryStore } from "/sdk/index.js";
import initChacha, { seal as chacha } from "/bench/generated/chacha.js";

const CHUNK = 16_384;
const ROUNDS = 7;

/** AES-256-GCM by WebCrypto over chunks, so many at once, and nothing else. */
async function rawWebCrypto(content, key, underway) {
  let next = 0;
  const worker = async () => {
    while (next < content.length) {
      const at = next;
      next += CHUNK;
      const iv = new Uint8Array(12);
      new DataView(iv.buffer).setUint32(8, at / CHUNK);
      await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, content.subarray(at, at + CHUNK));
    }
  };
  await Promise.all(Array.from({ length: underway }, worker));
}

/** Hashes what the SDK hashes: the price of the author's signature over every frame. */
async function rawHash(content) {
  for (let at = 0; at < content.length; at += 64 * CHUNK) await crypto.subtle.digest("SHA-256", content.subarray(at, at + 64 * CHUNK));
}

function median(times) {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length / 2)];
}

/** Median and best time of each in milliseconds. */
async function compare(contenders, rounds = ROUNDS) {
  const times = contenders.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [number, [, run]] of contenders.entries()) {
      const start = performance.now();
      await run();
      if (round > 0) times[number].push(performance.now() - start);
    }
  }
  return contenders.map(([name], number) => ({ name, median: median(times[number]), best: Math.min(...times[number]) }));
}

export async function measure(options, megabytes, sign) {
  await initChacha();
  const ward = await Wardseal.open({ ...options, store: memoryStore() });
  await ward.signUp("anna", sign);
  const session = await ward.sessions.create({ manage: [ward.profile.user] });
  const content = new Uint8Array(megabytes << 20);
  for (let at = 0; at < content.length; at += 65_536) crypto.getRandomValues(content.subarray(at, at + 65_536));
  const rawKey = crypto.getRandomValues(new Uint8Array(32));
  const key = await crypto.subtle.importKey("raw", rawKey, "AES-GCM", false, ["encrypt"]);
  const sealed = await ward.seal(session, content);

  const bulk = await compare([
    ["raw WebCrypto AES-256-GCM, 16 KiB chunks, 256 at once", () => rawWebCrypto(content, key, 256)],
    ["the same, then SHA-256 of it by WebCrypto", () => rawWebCrypto(content, key, 256).then(() => rawHash(content))],
    ["seal, in the worker", () => ward.seal(session, content, { engine: "worker" })],
    ["seal, in the page", () => ward.seal(session, content, { engine: "here" })],
    ["open, in the worker", async () => (await ward.open(sealed, { engine: "worker" })).bytes()],
    ["ChaCha20-Poly1305 in WebAssembly", async () => chacha(rawKey, content)],
  ]);

  const identity = [];
  for (let round = 0; round <= 20; round++) {
    const fresh = await Wardseal.open({ ...options, store: memoryStore() });
    const start = performance.now();
    await fresh.beginSignUp("somebody");
    if (round > 0) identity.push(performance.now() - start);
    await fresh.close();
  }
  const small = await compare([["seal a text of 1 kB, servers asked", () => ward.seal(session, content.subarray(0, 1000))]], 15);
  return { bulk, identity: { median: median(identity), best: Math.min(...identity) }, small };
}
