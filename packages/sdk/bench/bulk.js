// Runs in the page. Everything is measured in turn, so that whatever else the machine does meets all alike.
import { Wardseal, memoryStore } from "/sdk/index.js";
import { FRAME_CONTENT, FRAME_LIMIT, LENGTH, encryptFrame } from "/sdk/frames.js";
import { compare, median, timed } from "/bench/timing.js";
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

/** The SDK's own encryption of frames, so many at once, into one array: an object without its author. */
async function frames(content, key, out, underway) {
  const job = { index: 0, plain: LENGTH + FRAME_CONTENT, sealed: FRAME_LIMIT - LENGTH, last: false, nonces: crypto.getRandomValues(new Uint8Array(64 * 12)) };
  const count = Math.floor(content.length / FRAME_CONTENT);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const at = next++;
      const piece = content.subarray(at * FRAME_CONTENT, (at + 1) * FRAME_CONTENT);
      await encryptFrame(key, job, piece, out.subarray(at * FRAME_LIMIT, (at + 1) * FRAME_LIMIT));
    }
  };
  await Promise.all(Array.from({ length: underway }, worker));
}

/** Hashes what the SDK hashes: the price of the author's signature over every frame. */
async function rawHash(content) {
  for (let at = 0; at < content.length; at += 64 * CHUNK) await crypto.subtle.digest("SHA-256", content.subarray(at, at + 64 * CHUNK));
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
  const out = new Uint8Array(megabytes * FRAME_LIMIT);

  const bulk = await compare([
    ["raw WebCrypto AES-256-GCM, 16 KiB chunks, 256 at once, results dropped", () => rawWebCrypto(content, key, 256)],
    ["frames: chunked encryption, no author (aim 0.85)", () => frames(content, key, out, 4)],
    ["raw, then SHA-256 of it by WebCrypto: what an author costs at least", () => rawWebCrypto(content, key, 256).then(() => rawHash(content))],
    ["a whole object sealed, in the worker", () => ward.seal(session, content, { engine: "worker" })],
    ["a whole object sealed, in the page", () => ward.seal(session, content, { engine: "here" })],
    ["a whole object opened, in the worker", async () => (await ward.open(sealed, { engine: "worker" })).bytes()],
    ["ChaCha20-Poly1305 in WebAssembly", async () => chacha(rawKey, content)],
  ], ROUNDS);

  const identity = [];
  for (let round = 0; round <= 20; round++) {
    const fresh = await Wardseal.open({ ...options, store: memoryStore() });
    const time = await timed(() => fresh.beginSignUp("somebody"));
    if (round > 0) identity.push(time);
    await fresh.close();
  }
  const small = await compare([["seal a text of 1 kB, servers asked", () => ward.seal(session, content.subarray(0, 1000))]], 15);
  return { bulk, identity: { median: median(identity), best: Math.min(...identity) }, small };
}
