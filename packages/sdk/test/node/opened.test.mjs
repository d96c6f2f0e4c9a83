// What an opened object says of itself: whether it is complete, piece by piece, and when it was let go of.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { FRAME_CONTENT } from "../../dist/frames.js";
import { Completed } from "../../dist/index.js";
import { refused, startPeople } from "../people.mjs";
import { bytesOf, startServers } from "../servers.mjs";

const content = bytesOf(2 * FRAME_CONTENT + 5);

let servers;
let people;
let anna;
let sealed;

before(async () => {
  servers = await startServers();
  people = startPeople(servers);
  anna = await people.person("anna");
  sealed = await anna.ward.seal(await anna.ward.sessions.create({ manage: [anna.id] }), content);
});
after(async () => {
  await people?.stop();
  await servers?.stop();
});

const streamOf = (bytes) => new Blob([bytes]).stream();

/** Whether a promise is settled already. */
async function state(promise) {
  const waits = {};
  const first = await Promise.race([promise.then(() => "resolved", () => "rejected"), new Promise((resolve) => setImmediate(resolve, waits))]);
  return first === waits ? "waits" : first;
}

for (const [kind, source] of [
  ["bytes", () => sealed],
  ["a stream", () => streamOf(sealed)],
]) {
  test(`of ${kind}: completed is said at the end, and not before`, async () => {
    const opened = await anna.ward.open(source());
    let length = 0;
    for await (const piece of opened) {
      assert.equal(await state(opened.completed), "waits");
      length += piece.length;
    }
    const completed = await opened.completed;
    assert.ok(Completed.is(completed) && opened.verified);
    assert.deepEqual(
      [completed.size, completed.author, completed.device, completed.session, completed.object, completed.version],
      [length, anna.id, anna.ward.profile.device, opened.session, opened.object, 1],
    );
    assert.equal(completed.time.getTime(), opened.time.getTime());
    assert.equal(length, content.length);
    assert.throws(() => {
      completed.author = "somebody";
    }, TypeError);
  });

  test(`of ${kind} that was changed at its end: completed is not said`, async () => {
    const bytes = sealed.slice();
    bytes[bytes.length - 300] ^= 1;
    let opened;
    try {
      opened = await anna.ward.open(kind === "bytes" ? bytes : streamOf(bytes));
    } catch (error) {
      // Of bytes the end is verified first.
      assert.equal(kind, "bytes");
      return assert.ok(refused("object_bad_author", "object_rejected", "object_malformed", "object_truncated")(error));
    }
    const completed = opened.completed;
    await assert.rejects(opened.bytes());
    await assert.rejects(completed, (error) => error.name === "WardsealError");
    assert.equal(opened.verified, kind === "bytes");
  });
}

test("nothing else passes for what says complete", () => {
  assert.ok(!Completed.is({ author: "usr_", size: 3 }) && !Completed.is(undefined) && !Completed.is(Object.create(Completed.prototype)));
});

test("parts are not all; who leaves a stream early has not read it", async () => {
  const opened = await anna.ward.open(sealed);
  assert.deepEqual(await opened.range(5, 9), content.subarray(5, 9));
  for await (const piece of opened) if (piece.length > 0) break;
  assert.equal(await state(opened.completed), "waits");
  await opened.bytes();
  assert.equal((await opened.completed).size, content.length);

  const stream = await anna.ward.open(streamOf(sealed));
  const completed = stream.completed;
  for await (const piece of stream) if (piece.length > 0) break;
  await assert.rejects(completed, refused("cancelled"));
  await assert.rejects(stream.bytes(), refused("invalid"));
});

test("a reading that failed and is repeated completes", async () => {
  let fails = true;
  const source = {
    size: sealed.length,
    read: async (start, end) => {
      if (fails && start > 500_000 && start < 1_500_000) throw new Error("the disk is away");
      return sealed.subarray(start, end);
    },
  };
  const opened = await anna.ward.open(source);
  const first = opened.completed;
  await assert.rejects(opened.bytes());
  await assert.rejects(first, refused("internal"));
  fails = false;
  await opened.bytes();
  assert.equal((await opened.completed).size, content.length);
});

test("what was let go of cannot be read; a client that was let go of does nothing", async () => {
  const opened = await anna.ward.open(sealed);
  opened[Symbol.dispose]();
  opened.close();
  await assert.rejects(opened.bytes(), refused("invalid"));
  await assert.rejects(opened.range(0, 1), refused("invalid"));
  assert.equal(opened.author, anna.id, "what it says of itself is still known");
  let cancelled = false;
  const stream = streamOf(sealed).pipeThrough(new TransformStream());
  const source = new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read();
      controller.enqueue(value);
    },
    cancel: () => {
      cancelled = true;
    },
  });
  const reader = stream.getReader();
  (await anna.ward.open(source)).close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(cancelled);

  const bert = await people.person("bert");
  await bert.ward[Symbol.asyncDispose]();
  await assert.rejects(bert.ward.server(), refused("invalid"));
});
