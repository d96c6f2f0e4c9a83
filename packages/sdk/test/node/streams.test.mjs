// Streams of any length pass in the same memory: no more is read ahead of what comes out than a few frames.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Wardseal } from "../../dist/index.js";
import { startServers } from "../servers.mjs";

const MEGABYTE = 1 << 20;
const MOST = 24 * MEGABYTE;

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

/** A stream of `megabytes`, made when it is read; `made` counts them. */
function content(megabytes, made) {
  return new ReadableStream(
    {
      pull(controller) {
        if (made.bytes >= megabytes * MEGABYTE) return controller.close();
        made.bytes += MEGABYTE;
        controller.enqueue(new Uint8Array(MEGABYTE).fill(made.bytes / MEGABYTE));
      },
    },
    { highWaterMark: 0 },
  );
}

test("sealed and opened as it comes, and waiting where nobody reads", async () => {
  for (const megabytes of [32, 96]) {
    const made = { bytes: 0 };
    const sealed = await ward.seal(session, content(megabytes, made));
    const opened = await ward.open(sealed);
    let taken = 0;
    let ahead = 0;
    for await (const piece of opened.stream()) {
      assert.equal(piece[0], Math.floor(taken / MEGABYTE) + 1);
      ahead = Math.max(ahead, made.bytes - taken);
      taken += piece.length;
      if (taken < 4 * MEGABYTE) {
        // A slow reader holds the source back.
        await new Promise((resolve) => setImmediate(resolve));
        ahead = Math.max(ahead, made.bytes - taken);
      }
    }
    assert.equal(taken, megabytes * MEGABYTE);
    assert.equal(opened.verified, true);
    assert.ok(ahead <= MOST, `${ahead} bytes under way of ${taken}`);
  }
});

test("who stops reading stops the source", async () => {
  const made = { bytes: 0 };
  const opened = await ward.open(await ward.seal(session, content(500, made)));
  const reader = opened.stream().getReader();
  await reader.read();
  await reader.cancel();
  assert.ok(made.bytes <= MOST, `${made.bytes}`);
  assert.equal(opened.verified, false);
});
