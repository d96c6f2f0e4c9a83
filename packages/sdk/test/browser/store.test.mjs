// What a browser keeps, and two tabs over it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startServers } from "../servers.mjs";
import { openTab, startApplication, startBrowser } from "./pages.mjs";

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

test("the key of what is kept cannot be taken out of the browser, and what is kept is sealed", async () => {
  const context = await browser.newContext();
  const page = await openTab(context, application, servers);
  const kept = await page.evaluate(async () => {
    const ward = await openWard({ store: sdk.indexedDbStore("profile") });
    await ward.signUp("anna", sign);
    await ward.groups.create("Nordwind");
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open("wardseal/profile");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const all = (name) =>
      new Promise((resolve) => {
        const values = database.transaction(name).objectStore(name).getAll();
        values.onsuccess = () => resolve(values.result);
      });
    const records = await all("records");
    const wrapped = (await all("meta")).find((value) => typeof value === "object");
    const text = records.map((record) => new TextDecoder("latin1").decode(record)).join();
    return {
      records: records.length,
      extractable: wrapped.wrapping.extractable,
      exported: await crypto.subtle.exportKey("raw", wrapped.wrapping).then(() => "exported", (error) => error.name),
      sealed: wrapped.sealed.byteLength,
      readable: text.includes("Nordwind") || text.includes("anna"),
    };
  });
  assert.ok(kept.records >= 3);
  assert.deepEqual([kept.extractable, kept.exported, kept.sealed, kept.readable], [false, "InvalidAccessError", 48, false]);
  await context.close();
});

for (const locks of [true, false]) {
  test(`two tabs work at once, ${locks ? "taking turns" : "without Web Locks"}, and neither loses anything`, async () => {
    const context = await browser.newContext();
    if (!locks) await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
    const name = `two-tabs-${locks}`;
    const [one, two] = [await openTab(context, application, servers), await openTab(context, application, servers)];
    const open = () =>
      Promise.all(
        [one, two].map((page) =>
          page.evaluate(async () => {
            globalThis.ward = await openWard();
          }),
        ),
      );
    await open();

    // Both sign up at once: one person comes of it, and both tabs are that person.
    const users = await Promise.all(
      [one, two].map((page) =>
        page.evaluate(async (name) => {
          for (let tries = 0; tries < 5; tries++) {
            try {
              return await ward.signUp(name, sign);
            } catch (error) {
              if (error.code === "identity_exists") return ward.profile.user;
              if (!error.retryable) throw error;
            }
          }
        }, name),
      ),
    );
    assert.equal(users[0], users[1]);

    const made = await Promise.all(
      [one, two].map((page) =>
        page.evaluate(async () => {
          const sessions = [];
          let conflicts = 0;
          while (sessions.length < 4) {
            try {
              sessions.push(await ward.sessions.create({ manage: [ward.profile.user] }));
              await ward.groups.create("G");
            } catch (error) {
              if (error.code !== "store" || !error.retryable) throw error;
              conflicts++;
            }
          }
          return { sessions, conflicts };
        }),
      ),
    );
    if (locks) assert.deepEqual(made.map(({ conflicts }) => conflicts), [0, 0]);
    const listed = await two.evaluate(async () => (await ward.sessions.page()).sessions);
    for (const session of made.flatMap(({ sessions }) => sessions)) assert.ok(listed.includes(session));

    await two.close();
    await one.reload();
    const again = await openTab(context, application, servers);
    const profile = await again.evaluate(async () => {
      globalThis.ward = await openWard();
      return ward.profile.user;
    });
    assert.equal(profile, users[0]);
    await context.close();
  });
}

test("what one tab signs out, the other does not act as any more", async () => {
  const context = await browser.newContext();
  const [one, two] = [await openTab(context, application, servers), await openTab(context, application, servers)];
  const session = await one.evaluate(async () => {
    globalThis.ward = await openWard();
    await ward.signUp("berta", sign);
    return ward.sessions.create({ manage: [ward.profile.user] });
  });
  const before = await two.evaluate(async (session) => {
    globalThis.ward = await openWard();
    await ward.seal(session, "text");
    return ward.profile.user;
  }, session);
  assert.match(before, /^usr_/);
  await one.evaluate(() => ward.signOut());
  assert.equal(await two.evaluate((session) => code(ward.seal(session, "text")), session), "no_identity");
  assert.equal(await two.evaluate(() => ward.profile ?? null), null);
  await context.close();
});
