// Uploads over a real server that breaks in every way.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { upload } from "../../dist/index.js";
import { startFiles } from "../files.mjs";
import { bytesOf } from "../servers.mjs";

const AT_ONCE = [0, 0, 0, 0];
const PART = 100_000;

let server;
before(async () => {
  server = await startFiles();
});
after(() => server?.stop());
afterEach(() => {
  server.faults = () => undefined;
  server.location = (path) => path;
  server.asked.length = 0;
});

const send = (sealed, options = {}) => upload(`${server.address}/files`, sealed, { partSize: PART, retryDelays: AT_ONCE, ...options });

function refused(code, status) {
  return (error) => {
    assert.equal(error.name, "WardsealError", error.stack);
    assert.equal(error.code, code, error.message);
    if (status !== undefined) assert.equal(error.details.status, status);
    return true;
  };
}

function streamOf(bytes, size, onCancel = () => {}) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
    cancel: onCancel,
  });
}

test("bytes, blobs and streams arrive as they were, with progress and an address", async () => {
  for (const length of [1, PART - 1, PART, PART + 1, 3 * PART, 345_678]) {
    const content = bytesOf(length);
    for (const [kind, sealed] of [["bytes", content], ["blob", new Blob([content])], ["stream", streamOf(content, 70_000)], ["large pieces", streamOf(content, 250_000)]]) {
      const progress = [];
      let begun;
      const address = await send(sealed, { onProgress: (sent, size) => progress.push([sent, size]), onBegin: (at) => (begun = at) });
      assert.deepEqual(server.content(address), Buffer.from(content), `${kind} of ${length}`);
      assert.equal(begun, address);
      assert.deepEqual(progress[0], [0, kind === "bytes" || kind === "blob" ? length : undefined]);
      assert.deepEqual(progress.at(-1), [length, length]);
      assert.equal(server.files.get(new URL(address).pathname).length, length, "the server knows where it ends");
    }
  }
});

test("every request says its version, and a token is made for each", async () => {
  let tokens = 0;
  await send(bytesOf(2 * PART), { headers: async () => ({ authorization: `Bearer ${++tokens}` }) });
  assert.deepEqual(server.asked.map(({ headers }) => headers.authorization), ["Bearer 1", "Bearer 2", "Bearer 3"]);
  assert.ok(server.asked.every(({ headers }) => headers["tus-resumable"] === "1.0.0"));
});

test("a connection that is cut goes on where the server stands", async () => {
  const content = bytesOf(5 * PART);
  for (const sealed of [() => new Blob([content]), () => streamOf(content, 30_000)]) {
    let cuts = 0;
    server.faults = ({ method }) => (method === "PATCH" && ++cuts % 2 === 1 && cuts < 8 ? { cutAt: 12_345 } : undefined);
    const progress = [];
    const address = await send(sealed(), { onProgress: (sent) => progress.push(sent) });
    assert.deepEqual(server.content(address), Buffer.from(content));
    assert.ok(cuts >= 8, "the connection broke four times");
    assert.ok(progress.includes(12_345), "what came before the cut was kept");
    assert.deepEqual(progress, [...progress].sort((one, other) => one - other));
  }
});

test("an answer that is lost, a busy server and another tab at the same upload are no failures", async () => {
  const content = bytesOf(3 * PART);
  const seen = [];
  server.faults = ({ method }, number) => {
    if (method !== "PATCH") return undefined;
    seen.push(number);
    return [{ loseAnswer: true }, { status: 503, headers: { "retry-after": "0" } }, { status: 409 }, { status: 423 }][seen.length - 1];
  };
  const address = await send(new Blob([content]));
  assert.deepEqual(server.content(address), Buffer.from(content));
  assert.ok(seen.length >= 6);
});

test("after a reload the same sealed blob goes on, and nothing travels twice", async () => {
  const content = bytesOf(5 * PART);
  let address;
  let patches = 0;
  server.faults = ({ method }) => (method === "PATCH" && ++patches > 2 ? { status: 503 } : undefined);
  await assert.rejects(send(new Blob([content]), { onBegin: (at) => (address = at) }), refused("unavailable"));
  server.faults = () => undefined;
  const before = server.count("POST");
  const progress = [];
  // Another page: nothing is left but the blob and the address.
  assert.equal(await send(new Blob([content]), { resume: address, onProgress: (sent) => progress.push(sent) }), address);
  assert.equal(progress[0], 2 * PART);
  assert.equal(server.count("POST"), before, "no other upload was begun");
  assert.deepEqual(server.content(address), Buffer.from(content));
  // One that is complete is said to be.
  assert.equal(await send(new Blob([content]), { resume: address }), address);
  await assert.rejects(send(new Blob([content, "more"]), { resume: address }), refused("invalid"));
  await assert.rejects(send(streamOf(content, PART), { resume: address }), refused("invalid"));
  await assert.rejects(send(new Blob([content]), { resume: `${server.address}/files/none` }), refused("upload_gone", 404));
});

test("an AbortSignal stops at once, keeps what arrived, and lets go of a stream", async () => {
  const content = bytesOf(5 * PART);
  await assert.rejects(send(content, { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(server.asked.length, 0);
  const stop = new AbortController();
  let address;
  let cancelled;
  const stream = streamOf(content, 50_000, (reason) => (cancelled = reason));
  await assert.rejects(
    send(stream, { signal: stop.signal, onBegin: (at) => (address = at), onProgress: (sent) => sent >= 2 * PART && stop.abort() }),
    { name: "AbortError" },
  );
  assert.equal(server.content(address).length, 2 * PART);
  assert.equal(cancelled?.name, "AbortError");
  // While it waits for the next attempt, too.
  const waiting = new AbortController();
  server.faults = ({ method }) => {
    if (method !== "PATCH") return undefined;
    setImmediate(() => waiting.abort());
    return { status: 503 };
  };
  await assert.rejects(send(content, { signal: waiting.signal, retryDelays: [600_000] }), { name: "AbortError" });
});

test("what the server refuses is said, and not asked for again", async () => {
  const content = bytesOf(1000);
  for (const [status, code] of [[400, "upload_refused"], [401, "upload_refused"], [404, "upload_refused"], [413, "upload_refused"], [507, "storage_full"]]) {
    server.asked.length = 0;
    server.faults = ({ method }) => (method === "POST" ? { status } : undefined);
    await assert.rejects(send(content), refused(code, status));
    assert.equal(server.asked.length, 1);
  }
  for (const [status, code] of [[403, "upload_refused"], [404, "upload_gone"], [410, "upload_gone"], [412, "upload_refused"], [507, "storage_full"]]) {
    server.faults = ({ method }) => (method === "PATCH" ? { status } : undefined);
    await assert.rejects(send(content), refused(code, status));
  }
  // A redirection is no answer: the bytes and the token stay here.
  server.faults = ({ method }) => (method === "POST" ? { status: 307, headers: { location: "http://127.0.0.1:9/files" } } : undefined);
  await assert.rejects(send(content), refused("upload_refused", 307));
});

test("a server that does not speak the protocol is an error and no endless loop", async () => {
  const content = bytesOf(3 * PART);
  server.faults = ({ method }) => (method === "POST" ? { status: 201 } : undefined);
  await assert.rejects(send(content), refused("bad_answer"));
  server.location = () => "http://127.0.0.1:9/files/1";
  server.faults = () => undefined;
  await assert.rejects(send(content), refused("bad_answer"));
  server.location = (path) => path;
  for (const headers of [{}, { "upload-offset": "x" }, { "upload-offset": "999999999" }]) {
    server.faults = ({ method }) => (method === "PATCH" ? { status: 204, headers } : undefined);
    await assert.rejects(send(content), refused("bad_answer"));
  }
  server.faults = ({ method }) => (method === "PATCH" ? { status: 204, headers: { "upload-offset": "0" } } : undefined);
  await assert.rejects(send(content), refused("interrupted"));
  server.faults = ({ method }) => (method === "PATCH" ? { status: 409 } : undefined);
  await assert.rejects(send(content), refused("interrupted"));
  // It takes bytes and forgets them: of a blob they are sent again, of a stream they are gone.
  let forgotten = false;
  server.faults = ({ method, url }) => {
    const file = server.files.get(url);
    if (method !== "PATCH" || forgotten || file.offset < 2 * PART) return undefined;
    forgotten = true;
    Object.assign(file, { parts: [], offset: 0 });
    return { status: 503 };
  };
  const address = await send(new Blob([content]));
  assert.deepEqual(server.content(address), Buffer.from(content));
  forgotten = false;
  await assert.rejects(send(streamOf(content, PART)), refused("upload_gone"));
});

test("a server that is not there, or never answers, is given up", async () => {
  await assert.rejects(upload("http://127.0.0.1:1/files", bytesOf(10), { retryDelays: [0] }), refused("unreachable"));
  server.faults = () => ({ mute: true });
  await assert.rejects(send(bytesOf(10), { timeout: 50, retryDelays: [0] }), refused("timeout"));
  await assert.rejects(upload("no address", bytesOf(10), { retryDelays: AT_ONCE }), refused("invalid"));
  await assert.rejects(send("text"), refused("invalid"));
  await assert.rejects(send(bytesOf(10), { partSize: 0 }), refused("invalid"));
});

test("a stream that fails, fails the upload", async () => {
  const broken = new ReadableStream({
    pull() {
      throw new Error("the disk is gone");
    },
  });
  await assert.rejects(send(broken), refused("internal"));
});
