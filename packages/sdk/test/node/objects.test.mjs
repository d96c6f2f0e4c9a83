// Sealing and opening in all forms, and everything that must be refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { FRAME_CONTENT, importKey, openFrame, sealFrame } from "../../dist/frames.js";
import { Wardseal } from "../../dist/index.js";
import { bytesOf, startServers } from "../servers.mjs";

let servers;
let ward;
let session;

before(async () => {
  servers = await startServers();
  ward = await Wardseal.open({ tenant: servers.tenant, keys: servers.keys });
  await ward.signUp("anna", servers.sign);
  session = await ward.sessions.create({ manage: [ward.profile.user] });
});
after(async () => {
  await ward?.close();
  await servers?.stop();
});

function refused(...codes) {
  return (error) => {
    assert.equal(error.name, "WardsealError");
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  };
}

/** A stream that gives `bytes` in pieces of `size`. */
function streamOf(bytes, size) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + size));
      at += size;
    },
  });
}

async function collect(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

const LENGTHS = [0, 1, 16_379, 16_380, 16_381, 65_536, FRAME_CONTENT - 1, FRAME_CONTENT, FRAME_CONTENT + 1, 2 * FRAME_CONTENT, 3_500_000];

test("every length and every engine comes back byte for byte", async () => {
  for (const length of LENGTHS) {
    const content = bytesOf(length);
    for (const engine of ["here", "wasm"]) {
      const sealed = await ward.seal(session, content, { engine });
      for (const other of ["here", "wasm"]) {
        const opened = await ward.open(sealed, { engine: other });
        assert.equal(opened.size, length);
        assert.deepEqual(await opened.bytes(), content, `${length} ${engine} ${other}`);
      }
    }
  }
});

test("WebCrypto and the WebAssembly make the same bytes of the same plan", async () => {
  const { Core } = await import("../../dist/generated/core.js");
  assert.equal(typeof Core, "function");
  for (const length of [0, 5, 16_380, 100_000, FRAME_CONTENT]) {
    const content = bytesOf(length, 3);
    let compared = 0;
    // The plan of a real object, taken on its way to the engine.
    const sealing = await planOf(length);
    const key = await importKey(sealing.aesKey());
    for (let rest = content; ; rest = new Uint8Array()) {
      const job = sealing.lay(rest.length);
      if (job === undefined) break;
      const byWebCrypto = await sealFrame(key, job, rest);
      const byWasm = sealing.sealFrame(job.index, rest);
      assert.deepEqual(byWebCrypto.bytes, byWasm);
      const opened = await openFrame(key, job, byWasm.slice());
      assert.deepEqual(opened.leaf, byWebCrypto.leaf);
      assert.deepEqual(opened.plain.subarray(4, 4 + rest.length), rest);
      compared++;
    }
    assert.ok(compared > 0);
    sealing.finish();
    sealing.free();
  }
});

/** The core's own plan for an object of this length. */
async function planOf(length) {
  const { ClientState } = await import("../../dist/client.js");
  const { Transport } = await import("../../dist/transport.js");
  const { memoryStore } = await import("../../dist/index.js");
  const state = await ClientState.open({ tenant: servers.tenant, transport: new Transport(servers.keys, undefined, fetch), store: memoryStore() });
  const name = `plan-${length}`;
  const request = await state.run((core) => core.beginSignUp(name));
  const token = await servers.sign({ tenant: servers.tenant, ...request });
  await state.run((core) => core.finishSignUp(token));
  const [{ value: own }] = await state.run((core) => core.createSessions([[[state.profile.user], ["manage"]]]));
  return state.run((core) => core.sealing(own, undefined, 1n, undefined, undefined, BigInt(length)));
}

test("streams and blobs, in pieces of any size, with progress", async () => {
  const content = bytesOf(2_300_000);
  for (const size of [1_000, 70_000, 5_000_000]) {
    const progress = [];
    const stream = await ward.seal(session, streamOf(content, size), { name: "a", onProgress: (done) => progress.push(done) });
    assert.ok(stream instanceof ReadableStream);
    const sealed = await collect(stream);
    assert.equal(progress.at(-1), content.length);
    assert.deepEqual(progress, [...progress].sort((one, other) => one - other));

    const opened = await ward.open(streamOf(sealed, size));
    assert.deepEqual([opened.name, opened.size, opened.verified], ["a", undefined, false]);
    assert.deepEqual(await collect(opened.stream()), content);
    assert.equal(opened.verified, true);
    await assert.rejects(opened.bytes(), refused("invalid"));
    await assert.rejects(opened.range(0, 1), refused("invalid"));
  }
  const sealed = await ward.seal(session, new File([content], "scan.pdf", { type: "application/pdf" }));
  assert.ok(sealed instanceof Blob);
  const opened = await ward.open(sealed);
  assert.deepEqual([opened.name, opened.type, opened.size, opened.verified], ["scan.pdf", "application/pdf", content.length, true]);
  const blob = await opened.blob();
  assert.equal(blob.type, "application/pdf");
  assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), content);
  assert.deepEqual(await collect(opened.stream()), content, "a blob can be read again");
});

test("a stream whose length is known says it, and has to have it", async () => {
  const content = bytesOf(2_300_000);
  const sealed = await collect(await ward.seal(session, streamOf(content, 70_000), { size: content.length }));
  const opened = await ward.open(sealed);
  assert.equal(opened.size, content.length);
  assert.deepEqual(await opened.bytes(), content);
  assert.equal((await ward.open(streamOf(sealed, 50_000))).size, content.length);
  for (const size of [content.length - 1, content.length + 1, 0]) {
    await assert.rejects(async () => collect(await ward.seal(session, streamOf(content, 70_000), { size })), refused("object_wrong_length"), `${size}`);
  }
  for (const size of [-1, 0.5, Number.NaN]) await assert.rejects(ward.seal(session, streamOf(content, 70_000), { size }), refused("invalid"));
});

test("ranges are read without the rest", async () => {
  const content = bytesOf(5_000_000);
  const sealed = await ward.seal(session, content);
  let read = 0;
  const source = {
    size: sealed.length,
    read: async (start, end) => {
      read += end - start;
      return sealed.subarray(start, end);
    },
  };
  const opened = await ward.open(source);
  for (const [start, end] of [[0, 0], [0, 1], [16_000, 17_000], [FRAME_CONTENT - 5, FRAME_CONTENT + 5], [4_999_990, 6_000_000], [7_000_000, 8_000_000], [0, 5_000_000]]) {
    assert.deepEqual(await opened.range(start, end), content.subarray(start, end), `${start}-${end}`);
  }
  read = 0;
  assert.deepEqual(await ward.openRange(source, 2_000_000, 2_000_010), content.subarray(2_000_000, 2_000_010));
  assert.ok(read < 1_100_000, `${read} bytes were fetched for ten`);
  for (const [start, end] of [[-1, 5], [5, 1], [0.5, 2]]) await assert.rejects(opened.range(start, end), refused("invalid"));
  // Ranges that are read at once do not get into each other's way.
  const ranges = [[0, 10], [1_500_000, 1_500_010], [3_000_000, 3_000_010]];
  const parts = await Promise.all(ranges.map(([start, end]) => opened.range(start, end)));
  ranges.forEach(([start, end], at) => assert.deepEqual(parts[at], content.subarray(start, end)));
});

test("an object tells its session without keys, and nothing else does", async () => {
  const sealed = await ward.seal(session, "text", { name: "secret-name.txt", version: 3 });
  const header = await Wardseal.inspect(sealed);
  assert.deepEqual([header.session, header.author, header.version, header.tenant], [session, ward.profile.user, 3, servers.tenant]);
  assert.deepEqual(await Wardseal.inspect(new Blob([sealed])), header);
  assert.ok(!Buffer.from(sealed).includes("secret-name"));
  const next = await ward.seal(session, "more", { object: header.object, version: 4 });
  assert.equal((await ward.open(next)).object, header.object);
  await assert.rejects(Wardseal.inspect(bytesOf(100)), refused("not_an_object"));
  await assert.rejects(Wardseal.inspect(sealed.subarray(0, 20)), refused("object_truncated"));
});

test("bytes that were changed, cut or added are refused, by every way of opening", async () => {
  const content = bytesOf(2_200_000);
  const sealed = await ward.seal(session, content, { name: "n" });
  const places = [0, 9, 30, 200, 600, 1_000, 500_000, 1_060_000, 2_200_000, sealed.length - 200, sealed.length - 70, sealed.length - 1];
  const damaged = places.map((at) => {
    const bytes = sealed.slice();
    bytes[at] ^= 1;
    return bytes;
  });
  const cuts = [5, 100, 700, 1_100_000, sealed.length - 100, sealed.length - 1].map((length) => sealed.slice(0, length));
  const longer = new Uint8Array([...sealed.subarray(0), 0]);
  // Two whole frames in each other's place.
  const swapped = sealed.slice();
  const prelude = sealed.length - 2_228_240 - 140 > 0 ? findFrames(sealed) : 0;
  const frame = 4 + 64 * 16_400;
  swapped.set(sealed.subarray(prelude + frame, prelude + 2 * frame), prelude);
  swapped.set(sealed.subarray(prelude, prelude + frame), prelude + frame);

  const all = [...damaged, ...cuts, longer, swapped];
  for (const [number, bytes] of all.entries()) {
    for (const engine of ["here", "wasm"]) {
      const wayIn = async (source) => (await ward.open(source, { engine })).bytes();
      for (const source of [bytes, new Blob([bytes]), streamOf(bytes, 100_000)]) {
        await assert.rejects(wayIn(source), (error) => {
          assert.equal(error.name, "WardsealError", `${number}: ${error.stack}`);
          assert.match(error.code, /^(object_|not_an_object|no_access|unknown_chain|invalid|bad_box)/, `${number}`);
          return true;
        });
      }
    }
  }
});

/** Where the frames begin. */
function findFrames(sealed) {
  const view = new DataView(sealed.buffer, sealed.byteOffset);
  const metadata = 12 + view.getUint32(8);
  return metadata + 4 + view.getUint32(metadata) + 56;
}

test("a stream releases only what is authenticated, and fails when the end is missing", async () => {
  const content = bytesOf(3_000_000);
  const sealed = await ward.seal(session, content);
  const cut = sealed.slice(0, sealed.length - 10);
  const stream = (await ward.open(streamOf(cut, 50_000))).stream();
  let released = 0;
  await assert.rejects(
    async () => {
      for await (const piece of stream) {
        assert.deepEqual(piece, content.subarray(released, released + piece.length));
        released += piece.length;
      }
    },
    refused("object_truncated", "object_malformed", "object_too_large"),
  );
  assert.equal(released, content.length, "every frame was authentic, the end was not");

  const changed = sealed.slice();
  changed[findFrames(sealed) + 2 * (4 + 64 * 16_400) + 50] ^= 1;
  released = 0;
  await assert.rejects(
    async () => {
      for await (const piece of (await ward.open(streamOf(changed, 50_000))).stream()) released += piece.length;
    },
    refused("object_rejected"),
  );
  assert.ok(released <= 2 * FRAME_CONTENT, "nothing of the damaged frame came out");
});

test("an AbortSignal stops sealing and opening", async () => {
  const content = bytesOf(20_000_000);
  await assert.rejects(ward.seal(session, content, { signal: AbortSignal.abort() }), { name: "AbortError" });
  const during = new AbortController();
  await assert.rejects(ward.seal(session, content, { signal: during.signal, onProgress: () => during.abort() }), { name: "AbortError" });
  const sealed = await ward.seal(session, content);
  const later = new AbortController();
  const opened = await ward.open(sealed, { signal: later.signal, onProgress: () => later.abort() });
  await assert.rejects(opened.bytes(), { name: "AbortError" });
  assert.deepEqual(await (await ward.open(sealed)).bytes(), content, "and the next one works");
});

test("a source that fails, fails the sealing, and one that is left is let go of", async () => {
  const broken = new ReadableStream({
    pull() {
      throw new Error("the disk is gone");
    },
  });
  const stream = await ward.seal(session, broken);
  await assert.rejects(collect(stream), refused("internal"));

  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(500_000)),
    cancel: () => {
      cancelled = true;
    },
  });
  const reader = (await ward.seal(session, endless)).getReader();
  for (let piece = 0; piece < 3; piece++) await reader.read();
  await reader.cancel();
  assert.ok(cancelled);
});

test("what cannot be sealed is said", async () => {
  await assert.rejects(ward.seal(session, 5), refused("invalid"));
  await assert.rejects(ward.seal("grp_x", "text"), refused("invalid"));
  await assert.rejects(ward.seal(session, "text", { version: 0 }), refused("invalid"));
  await assert.rejects(ward.seal(session, "text", { name: "n".repeat(20_000) }), refused("invalid"));
  await assert.rejects(ward.seal(session.replace(/.$/, (last) => (last === "q" ? "a" : "q")), "text"), refused("no_access", "invalid"));
});
