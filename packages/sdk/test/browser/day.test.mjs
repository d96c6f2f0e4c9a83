// A browser that is not one's own: kept until the day is over, with the password once more for what matters.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startServers } from "../servers.mjs";
import { openTab, prepare, startApplication, startBrowser } from "./pages.mjs";

const PASSWORD = "Drei Igel tanzen 1 Walzer";
const HOUR = 3_600_000;

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

test("a reload asks for nothing, changes of groups for the password, and another tab sees the same", async () => {
  const own = await browser.newContext();
  const home = await openTab(own, application, servers);
  const { user, session } = await home.evaluate(async (password) => {
    globalThis.ward = await openWard();
    const user = await ward.signUp("rosa", sign);
    await ward.setPassword(password, ["rosa"]);
    const group = await ward.groups.create("Ward");
    return { user, session: await ward.sessions.create({ manage: [group] }) };
  }, PASSWORD);

  const shared = await browser.newContext();
  const page = await openTab(shared, application, servers);
  const until = await page.evaluate(async (password) => {
    globalThis.ward = await openWard();
    await ward.unlock("rosa", password, { keep: "day" });
    // Just now it was typed.
    await ward.groups.create("at once");
    return ward.keptUntil();
  }, PASSWORD);
  assert.ok(until > Date.now() + 15 * HOUR && until <= Date.now() + 16 * HOUR);

  await page.reload();
  await prepare(page, servers);
  const found = await page.evaluate(async (session) => {
    globalThis.ward = await openWard();
    const sealed = await ward.seal(session, "from the shared browser");
    await fetch("/objects/day", { method: "PUT", body: sealed });
    return {
      user: ward.profile.user,
      text: await (await ward.open(sealed)).text(),
      group: await code(ward.groups.create("later")),
      recovery: await code(ward.recovery.createCode()),
      checks: (await ward.recovery.check()).map(({ state, reason }) => `${state} ${reason}`),
    };
  }, session);
  assert.deepEqual(found, {
    user,
    text: "from the shared browser",
    group: "password_needed",
    recovery: "password_needed",
    checks: ["unknown password_needed"],
  });
  const read = await home.evaluate(async () => {
    const opened = await ward.open(await (await fetch("/objects/day")).blob());
    return [opened.author, await opened.text()];
  });
  assert.deepEqual(read, [user, "from the shared browser"]);

  const stepped = await page.evaluate(async (password) => {
    const wrong = await code(ward.stepUp("Drei Igel tanzen 2 Walzer"));
    await ward.stepUp(password);
    await ward.groups.create("later");
    const text = await ward.recovery.createCode();
    await ward.stepDown();
    return { wrong, length: text.length, after: await code(ward.groups.create("too late")) };
  }, PASSWORD);
  assert.deepEqual(stepped, { wrong: "wrong_password", length: 42, after: "password_needed" });

  // Another tab of the same browser, and nobody else in it.
  const tab = await openTab(shared, application, servers);
  const others = await tab.evaluate(async (password) => {
    globalThis.ward = await openWard();
    return { user: ward.profile.user, trusted: await code(ward.trustThisMachine()), again: await code(ward.unlock("rosa", password)) };
  }, PASSWORD);
  assert.deepEqual(others, { user, trusted: "password_needed", again: "done" });
  await page.evaluate(() => ward.signOut());
  await page.reload();
  await prepare(page, servers);
  assert.equal(await page.evaluate(async () => (await openWard()).profile ?? null), null);
  await Promise.all([own.close(), shared.close()]);
});
