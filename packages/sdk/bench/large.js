// Runs in the page: a large stream, sealed and opened, with nothing of it held. The object lies in the page's own file system meanwhile.
import { Wardseal, memoryStore } from "/sdk/index.js";
import { timed } from "/bench/timing.js";

const PIECE = 4 << 20;
const CHUNK = 16_384;

/** So many pieces of noise, the same one again and again. */
function source(megabytes) {
  const piece = new Uint8Array(PIECE);
  for (let at = 0; at < PIECE; at += 65_536) crypto.getRandomValues(piece.subarray(at, at + 65_536));
  let left = (megabytes << 20) / PIECE;
  return new ReadableStream({ pull: (controller) => (left-- > 0 ? controller.enqueue(piece.slice()) : controller.close()) }, { highWaterMark: 1 });
}

async function drain(stream) {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return bytes;
}

let ward;
let session;
let file;

export async function prepare(options, sign) {
  ward = await Wardseal.open({ ...options, store: memoryStore() });
  await ward.signUp("large", sign);
  session = await ward.sessions.create({ manage: [ward.profile.user] });
  const folder = await navigator.storage.getDirectory();
  file = await folder.getFileHandle("sealed", { create: true });
  // Everything that is loaded once is loaded, and the heap has its size.
  await drain(await ward.seal(session, source(16)));
}

/** AES-256-GCM by WebCrypto over the same bytes, 64 chunks at once, results dropped. */
export function raw(megabytes) {
  return timed(async () => {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    for await (const piece of source(megabytes)) {
      for (let start = 0; start < piece.length; start += 64 * CHUNK) {
        const chunks = Array.from({ length: 64 }, (_, at) => piece.subarray(start + at * CHUNK, start + (at + 1) * CHUNK));
        await Promise.all(chunks.map((chunk) => crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, chunk)));
      }
    }
  });
}

export function seal(megabytes) {
  return timed(async () => {
    if ((await drain(await ward.seal(session, source(megabytes)))) <= megabytes << 20) throw new Error("the object is too short");
  });
}

/** Puts the object where `open` reads it. Not measured: it writes to a disk. */
export async function keep(megabytes) {
  await (await ward.seal(session, source(megabytes))).pipeTo(await file.createWritable());
}

export function open(megabytes) {
  return timed(async () => {
    const opened = await ward.open((await file.getFile()).stream());
    if ((await drain(opened.stream())) !== megabytes << 20) throw new Error("the content is not as long as it was");
    await opened.completed;
  });
}
