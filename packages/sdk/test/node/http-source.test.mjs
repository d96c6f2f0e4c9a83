// Objects behind range requests, over a real server that breaks in every way.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Wardseal, httpSource } from "../../dist/index.js";
import { startFiles } from "../files.mjs";
import { bytesOf, startServers } from "../servers.mjs";

const BLOCK = 10_000;
const AT_ONCE = [0, 0, 0];

let files;
before(async () => {
  files = await startFiles();
});
after(() => files?.stop());
afterEach(() => {
  files.faults = () => undefined;
  files.asked.length = 0;
  files.sent = 0;
});

const source = (path, options = {}) => httpSource(files.address + path, { blockSize: BLOCK, retryDelays: AT_ONCE, ...options });

function refused(code, status) {
  return (error) => {
    assert.equal(error.name, "WardsealError", error.stack);
    assert.equal(error.code, code, error.message);
    if (status !== undefined) assert.equal(error.details.status, status);
    return true;
  };
}

test("every range is the right one, whatever the blocks", async () => {
  const content = bytesOf(123_456);
  files.put("/file", content);
  for (const blockSize of [1_000, 10_000, 123_456, 1 << 20]) {
    const opened = await source("/file", { blockSize, cacheSize: 5 * blockSize });
    assert.equal(opened.size, content.length);
    for (const [start, end] of [[0, 0], [0, 1], [0, 123_456], [9_999, 10_001], [50_000, 90_000], [123_455, 123_456], [123_000, 200_000], [200_000, 300_000]]) {
      assert.deepEqual(await opened.read(start, end), content.slice(start, end), `${start}-${end} of blocks of ${blockSize}`);
    }
    for (const [start, end] of [[-1, 5], [5, 1], [0.5, 2]]) await assert.rejects(opened.read(start, end), refused("invalid"));
  }
  files.put("/empty", new Uint8Array());
  const empty = await source("/empty");
  assert.deepEqual([empty.size, await empty.read(0, 10)], [0, new Uint8Array()]);
});

test("a block is fetched once however many ask, neighbours together, and the last used ones stay", async () => {
  const content = bytesOf(200_000);
  files.put("/file", content);
  const opened = await source("/file", { cacheSize: 5 * BLOCK });
  assert.equal(files.count("GET"), 1);
  // At once and the same: one request for the three blocks.
  await Promise.all(Array.from({ length: 10 }, () => opened.read(15_000, 35_000)));
  assert.equal(files.count("GET"), 2);
  assert.equal(files.sent, 4 * BLOCK);
  await opened.read(0, 40_000);
  assert.equal(files.count("GET"), 2, "all of that is here");
  // Four others push out the first, which was not used for longest.
  await opened.read(100_000, 140_000);
  await opened.read(30_000, 40_000);
  assert.equal(files.count("GET"), 3);
  await opened.read(0, 1);
  assert.equal(files.count("GET"), 4);
});

test("what changes while it is read is an error, by every sign of it", async () => {
  const content = bytesOf(100_000);
  for (const [tag, other] of [['"1"', '"2"'], ['W/"1"', 'W/"2"'], ['"1"', 'W/"1"']]) {
    files.put("/file", content, tag);
    const opened = await source("/file");
    files.put("/file", content, other);
    await assert.rejects(opened.read(50_000, 60_000), refused("source_changed"), `${tag} ${other}`);
    assert.equal(files.asked.at(-1).headers["if-match"], tag.startsWith("W/") ? undefined : tag);
    // It does not get better by itself, except that the old one may come back.
    files.put("/file", content, tag);
    assert.deepEqual(await opened.read(50_000, 60_000), content.slice(50_000, 60_000));
  }
  // Without tags the length tells, and what is gone is gone.
  const plain = await startFiles({ etags: false });
  try {
    for (const length of [99_999, 100_001, 40_000]) {
      plain.put("/file", content);
      const opened = await httpSource(`${plain.address}/file`, { blockSize: BLOCK, retryDelays: AT_ONCE });
      plain.put("/file", bytesOf(length));
      await assert.rejects(opened.read(50_000, 60_000), refused("source_changed"), `${length}`);
    }
    plain.put("/file", content);
    const opened = await httpSource(`${plain.address}/file`, { blockSize: BLOCK, retryDelays: AT_ONCE });
    plain.files.clear();
    await assert.rejects(opened.read(50_000, 60_000), refused("source_changed"));
  } finally {
    await plain.stop();
  }
});

test("a server without ranges, and one that refuses, are said", async () => {
  const plain = await startFiles({ ranges: false });
  try {
    plain.put("/file", bytesOf(50_000));
    await assert.rejects(httpSource(`${plain.address}/file`), refused("source_no_ranges", 200));
  } finally {
    await plain.stop();
  }
  await assert.rejects(source("/nothing"), refused("source_refused", 404));
  for (const status of [401, 403, 400]) {
    files.faults = () => ({ status });
    await assert.rejects(source("/file"), refused("source_refused", status));
  }
  assert.equal(files.asked.length, 4, "and not asked for again");
  for (const headers of [{}, { "content-range": "bytes 5-9/10" }, { "content-range": "bytes 0-9/x" }]) {
    files.faults = () => ({ status: 206, headers });
    await assert.rejects(source("/file"), refused("bad_answer"));
  }
  await assert.rejects(source("/file", { blockSize: 0 }), refused("invalid"));
});

test("a connection that is cut goes on in the middle, and a busy server is asked again", async () => {
  const content = bytesOf(200_000);
  files.put("/file", content);
  const opened = await source("/file");
  let cuts = 0;
  files.faults = () => (++cuts < 4 ? { cutAt: 7_000 } : cuts === 4 ? { status: 503, headers: { "retry-after": "0" } } : undefined);
  assert.deepEqual(await opened.read(50_000, 150_000), content.slice(50_000, 150_000));
  const ranges = files.asked.slice(1).map(({ headers }) => headers.range);
  assert.deepEqual(ranges, ["bytes=50000-149999", "bytes=57000-149999", "bytes=64000-149999", "bytes=71000-149999", "bytes=71000-149999"]);
  // When it never comes back it fails, and the next call tries again.
  files.faults = () => ({ status: 503 });
  await assert.rejects(opened.read(160_000, 170_000), refused("unavailable"));
  files.faults = () => undefined;
  assert.deepEqual(await opened.read(160_000, 170_000), content.slice(160_000, 170_000));
  await assert.rejects(httpSource("http://127.0.0.1:1/file", { retryDelays: [0] }), refused("unreachable"));
});

test("an AbortSignal ends it, and a token is made for each request", async () => {
  files.put("/file", bytesOf(100_000));
  const stop = new AbortController();
  let tokens = 0;
  const opened = await source("/file", { signal: stop.signal, headers: () => ({ authorization: `Bearer ${++tokens}` }) });
  await opened.read(20_000, 30_000);
  assert.deepEqual(files.asked.map(({ headers }) => headers.authorization), ["Bearer 1", "Bearer 2"]);
  files.faults = () => {
    setImmediate(() => stop.abort());
    return { mute: true };
  };
  await assert.rejects(opened.read(50_000, 60_000), { name: "AbortError" });
  await assert.rejects(source("/file", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("a sealed object opens by ranges, and one that is damaged at rest does not", async () => {
  const servers = await startServers();
  let ward;
  try {
    ward = await Wardseal.open({ tenant: servers.tenant, keys: servers.keys });
    await ward.signUp("anna", servers.sign);
    const session = await ward.sessions.create({ manage: [ward.profile.user] });
    const content = bytesOf(9_000_000);
    const sealed = await ward.seal(session, new File([content], "scan.pdf"));
    const bytes = new Uint8Array(await sealed.arrayBuffer());
    files.put("/sealed", bytes);
    const opened = await ward.open(await httpSource(`${files.address}/sealed`));
    assert.deepEqual([opened.name, opened.verified, opened.size], ["scan.pdf", true, content.length]);
    assert.ok(files.sent < 300_000, `${files.sent} bytes to verify the author`);
    assert.deepEqual(await opened.range(5_000_000, 5_000_100), content.slice(5_000_000, 5_000_100));
    assert.ok(files.sent < 2_000_000, `${files.sent} bytes for a hundred`);
    assert.deepEqual(await opened.bytes(), content);
    const damaged = bytes.slice();
    damaged[5_000_000] ^= 1;
    files.put("/sealed", damaged, '"2"');
    const other = await ward.open(await httpSource(`${files.address}/sealed`));
    await assert.rejects(other.range(5_000_000 - 200_000, 5_000_000 + 200_000), refused("object_rejected"));
    assert.deepEqual(await other.range(0, 100), content.slice(0, 100));
  } finally {
    await ward?.close();
    await servers.stop();
  }
});
