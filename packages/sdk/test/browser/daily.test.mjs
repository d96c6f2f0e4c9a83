// Sessions in daily use, in Chromium: without connection after a reload, pushed revocations in two tabs, many at once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startServers } from "../servers.mjs";
import { openTab, prepare, startApplication, startBrowser } from "./pages.mjs";

let servers;
let application;
let browser;

before(async () => {
  [servers, application, browser] = await Promise.all([startServers(), startApplication(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await application?.stop();
  await servers?.stop();
});

/** A person in a browser profile of his own. */
async function person(name, cache = { memory: 3_600_000 }) {
  const context = await browser.newContext();
  const page = await openTab(context, application, servers);
  const user = await page.evaluate(
    async ({ name, cache }) => {
      globalThis.ward = await openWard({ cache });
      return ward.signUp(name, sign);
    },
    { name, cache },
  );
  return { context, page, user };
}

test("what a tab has opened opens after a reload without connection, from the application's own store", async () => {
  const anna = await person("anna");
  await anna.page.evaluate(() => {
    globalThis.sealed = async (ward, session, text) => [...(await ward.seal(session, text))];
  });
  const made = await anna.page.evaluate(async () => {
    const ward = await openWard({ store: sdk.indexedDbStore("emil"), cache: { persistent: 3_600_000, store: sdk.indexedDbStore("emil-sessions") } });
    const user = await ward.signUp("emil", sign);
    const [kept, closed] = (await ward.sessions.createMany([{ manage: [user] }, { manage: [user] }])).map(({ value }) => value);
    const objects = [await sealed(ward, kept, "kept"), await sealed(ward, closed, "closed")];
    await ward.sessions.forget();
    await (await ward.open(new Uint8Array(objects[0]))).text();
    await ward.close();
    return { objects, user };
  });
  await anna.page.reload();
  await prepare(anna.page, servers);
  const seen = await anna.page.evaluate(async (objects) => {
    const offline = () => Promise.reject(new TypeError("offline"));
    const ward = await openWard({ store: sdk.indexedDbStore("emil"), cache: { persistent: 3_600_000, store: sdk.indexedDbStore("emil-sessions") }, fetch: offline });
    const opened = await ward.openMany(objects.map((bytes) => new Uint8Array(bytes)));
    const texts = await Promise.all(opened.map((each) => (each.ok ? each.value.text() : each.error.code)));
    return { user: ward.profile.user, texts };
  }, made.objects);
  assert.deepEqual(seen, { user: made.user, texts: ["kept", "unreachable"] });
  await anna.context.close();
});

test("a revocation is in both tabs of the one it concerns as soon as it is made", async () => {
  const [berta, carl] = await Promise.all([person("berta"), person("carl")]);
  const second = await openTab(carl.context, application, servers);
  await second.evaluate(async () => {
    globalThis.ward = await openWard({ cache: { memory: 3_600_000 } });
  });
  const { session, sealed } = await berta.page.evaluate(async (carl) => {
    const session = await ward.sessions.create({ manage: [ward.profile.user], read: [carl] });
    return { session, sealed: [...(await ward.seal(session, "text"))] };
  }, carl.user);
  const tabs = [carl.page, second];
  for (const tab of tabs) {
    // Follows, and has the keys in memory, so that it opens without connection.
    await tab.evaluate(async (sealed) => {
      await ward.close();
      let polls = 0;
      globalThis.offline = false;
      const polled = new Promise((resolve) => {
        globalThis.fetching = (address, init) => {
          if (globalThis.offline && !String(address).endsWith("/watch")) return Promise.reject(new TypeError("offline"));
          if (String(address).endsWith("/watch") && ++polls === 2) resolve();
          return fetch(address, init);
        };
      });
      globalThis.ward = await openWard({ cache: { memory: 3_600_000 }, fetch: globalThis.fetching });
      globalThis.news = ward.changes().next();
      await polled;
      await ward.open(new Uint8Array(sealed));
      globalThis.offline = true;
    }, sealed);
  }
  // What one tab writes has the other look again: both are asked once more.
  for (const tab of tabs) {
    const texts = await tab.evaluate(async (sealed) => {
      globalThis.offline = false;
      const text = await (await ward.open(new Uint8Array(sealed))).text();
      globalThis.offline = true;
      return [text, await (await ward.open(new Uint8Array(sealed))).text()];
    }, sealed);
    assert.deepEqual(texts, ["text", "text"]);
  }
  await berta.page.evaluate(({ session, carl }) => ward.sessions.revoke(session, [carl]), { session, carl: carl.user });
  for (const tab of tabs) {
    const after = await tab.evaluate(async (sealed) => {
      const { value } = await globalThis.news;
      const gone = await code(ward.open(new Uint8Array(sealed)));
      globalThis.offline = false;
      return { value, gone, asked: await code(ward.open(new Uint8Array(sealed))) };
    }, sealed);
    assert.deepEqual(after, { value: { kind: "session", id: session }, gone: "unreachable", asked: "no_access" });
  }
  await Promise.all([berta.context.close(), carl.context.close()]);
});

test("200 objects that are opened at once take one request, as bytes and as blobs", async () => {
  const dora = await person("dora");
  const asked = [];
  dora.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await dora.page.evaluate(async () => {
    const made = await ward.sessions.createMany(Array.from({ length: 200 }, () => ({ manage: [ward.profile.user] })));
    const sealed = await ward.sealMany(made.map(({ value }, at) => ({ session: value, content: `text ${at}` })));
    globalThis.sealed = sealed.map(({ value }) => value);
  });
  for (const kind of ["bytes", "blobs"]) {
    asked.length = 0;
    const texts = await dora.page.evaluate(async (kind) => {
      await ward.sessions.forget();
      const opened = await Promise.all(globalThis.sealed.map((bytes) => ward.open(kind === "blobs" ? new Blob([bytes]) : bytes)));
      return Promise.all(opened.map((each) => each.text()));
    }, kind);
    assert.deepEqual(texts, Array.from({ length: 200 }, (_, at) => `text ${at}`));
    assert.equal(asked.filter((path) => path === "/v1/chains/fetch").length, 1, `${kind}: ${asked.join()}`);
  }
  const given = await dora.page.evaluate(async () => {
    const pieces = [];
    const opened = await ward.open(globalThis.sealed[0]);
    for await (const piece of opened) pieces.push(piece.length);
    const completed = await opened.completed;
    opened[Symbol.dispose]();
    const stop = new AbortController();
    const waiting = ward.stayConnected({ signal: stop.signal });
    stop.abort();
    await waiting;
    await ward[Symbol.asyncDispose]();
    return { pieces, size: completed.size, made: sdk.Completed.is(completed), closed: await code(ward.server()) };
  });
  assert.deepEqual(given, { pieces: [6], size: 6, made: true, closed: "invalid" });
  await dora.context.close();
});
