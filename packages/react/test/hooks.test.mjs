// Every hook in Chromium, in StrictMode, over the real servers.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startApplication, startBrowser } from "../../sdk/test/browser/pages.mjs";
import { startServers } from "../../sdk/test/servers.mjs";

const HERE = fileURLToPath(new URL("..", import.meta.url));

let servers;
let application;
let browser;
let anna;
let ben;

before(async () => {
  const vite = fileURLToPath(new URL("../node_modules/vite/bin/vite.js", import.meta.url));
  await promisify(execFile)(process.execPath, [vite, "build", "--logLevel", "warn"], { cwd: HERE, env: { ...process.env, NODE_ENV: "development" } });
  servers = await startServers();
  application = await startApplication({ root: `${HERE}/test/dist` });
  browser = await startBrowser();
  [anna, ben] = await Promise.all([person("anna"), person("ben")]);
});
after(async () => {
  await browser?.close();
  await application?.stop();
  await servers?.stop();
});

/** Somebody with a browser of his own. In his page `calls` says how often the client was asked for what, and `signals` with which signal. */
async function person(name) {
  const context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.stack));
  page.on("console", (message) => message.type() === "error" && !message.location().url.endsWith("/favicon.ico") && complaints.push(message.text()));
  await page.exposeFunction("sign", servers.sign);
  await page.goto(application.address);
  await page.waitForFunction(() => "hooks" in globalThis);
  const options = { tenant: servers.tenant, keys: servers.keys, vault: servers.vault };
  const user = await page.evaluate(
    async ({ options, name }) => {
      globalThis.offline = false;
      // Nothing is kept, so that every look-up asks the servers.
      const ward = await hooks.Wardseal.open({ ...options, cache: "off", fetch: (...given) => (offline ? Promise.reject(new TypeError("offline")) : fetch(...given)) });
      const user = await ward.signUp(name, sign);
      globalThis.ward = ward;
      globalThis.calls = {};
      globalThis.signals = [];
      const spy = (of, method) => {
        const real = of[method].bind(of);
        of[method] = (...given) => {
          calls[method] = (calls[method] ?? 0) + 1;
          signals.push(given.at(-1)?.signal);
          return real(...given);
        };
      };
      spy(ward.sessions, "get");
      spy(ward.sessions, "getMany");
      spy(ward, "open");
      spy(ward, "close");
      const { changes } = ward;
      ward.changes = (options) => {
        globalThis.watching = options.signal;
        return changes.call(ward, options);
      };
      hooks.use(ward);
      return user;
    },
    { options, name },
  );
  return { page, user, complaints, options };
}

/** Waits until the page says something that fits. */
async function says(page, id, pattern) {
  await page.waitForFunction(([id, pattern]) => new RegExp(pattern).test(document.getElementById(id)?.textContent ?? ""), [id, pattern.source]).catch(async () => {
    assert.fail(`${id} says ${JSON.stringify(await page.locator(`#${id}`).allTextContents())}, not ${pattern}`);
  });
}

const newSession = ({ page, user }, more = {}) => page.evaluate(([user, more]) => ward.sessions.create({ manage: [user], ...more }), [user, more]);
const sealText = ({ page }, session, text, options = {}) =>
  page.evaluate(async ([session, text, options]) => Array.from(await ward.seal(session, text, options)), [session, text, options]);
const forgetCalls = ({ page }) => page.evaluate(() => void (globalThis.calls = {}, globalThis.signals = []));

test("three components and StrictMode ask once for a session; what is not named yet waits", async () => {
  const session = await newSession(anna);
  await forgetCalls(anna);
  await anna.page.evaluate((session) => hooks.sessions(session, session, session, undefined), session);
  for (const id of ["session0", "session1", "session2"]) await says(anna.page, id, /^ready\|\|1$/);
  await says(anna.page, "session3", /^loading\|\|$/);
  assert.deepEqual(await anna.page.evaluate(() => [calls.get, hooks.mounts]), [1, 8], "each effect ran twice, and one request was made");
});

test("reload asks again and keeps what is shown; a session of others is an error with a code", async () => {
  const session = await newSession(anna);
  await anna.page.evaluate((session) => hooks.sessions(session), session);
  await says(anna.page, "session0", /^ready\|\|1$/);
  await anna.page.evaluate(([session, ben]) => ward.sessions.grant(session, ben, "read").then(() => hooks.reload.session0()), [session, ben.user]);
  await says(anna.page, "session0", /^ready\|\|2$/);
  const foreign = await newSession(ben);
  await anna.page.evaluate((foreign) => hooks.sessions(foreign), foreign);
  await says(anna.page, "session0", /^error\|no_access\|$/);
});

test("while no server answers the data stays beside the error, and the next look finds it again", async () => {
  const session = await newSession(anna);
  await anna.page.evaluate((session) => hooks.sessions(session), session);
  await says(anna.page, "session0", /^ready\|\|1$/);
  await anna.page.evaluate(() => {
    globalThis.offline = true;
    hooks.reload.session0();
  });
  await says(anna.page, "session0", /^error\|unreachable\|1$/);
  await anna.page.evaluate(() => {
    globalThis.offline = false;
    hooks.reload.session0();
  });
  await says(anna.page, "session0", /^ready\|\|1$/);
});

test("an answer that was asked for before the last change is not shown", async () => {
  const session = await newSession(anna);
  const late = await anna.page.evaluate(
    async ([session, ben]) => {
      const { get } = ward.sessions;
      let first;
      const old = new Promise((resolve) => {
        ward.sessions.get = async (...given) => {
          ward.sessions.get = get;
          const answer = await get(...given);
          await new Promise((go) => void (first = go));
          resolve(answer);
          return answer;
        };
      });
      hooks.sessions(session);
      while (first === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      await ward.sessions.grant(session, ben, "read");
      hooks.reload.session0();
      while (!document.getElementById("session0").textContent.startsWith("ready")) await new Promise((resolve) => setTimeout(resolve, 5));
      first();
      const { recipients } = await old;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return recipients.length;
    },
    [session, ben.user],
  );
  assert.equal(late, 1);
  await says(anna.page, "session0", /^ready\|\|2$/);
});

test("what no component wants any more is given up and forgotten", async () => {
  const session = await newSession(anna);
  await forgetCalls(anna);
  await anna.page.evaluate((session) => {
    hooks.sessions(session);
    hooks.nothing();
  }, session);
  await anna.page.waitForFunction(() => signals.length === 1 && signals[0].aborted);
  await anna.page.evaluate((session) => hooks.sessions(session), session);
  await says(anna.page, "session0", /^ready\|\|1$/);
  await anna.page.evaluate(() => hooks.nothing());
  // A new look, not what was known before.
  const first = await anna.page.evaluate(async (session) => {
    await Promise.resolve();
    hooks.sessions(session);
    return document.getElementById("session0").textContent;
  }, session);
  assert.equal(first, "loading||");
  await says(anna.page, "session0", /^ready\|\|1$/);
});

test("the sessions of a person are listed with one request for their contents", async () => {
  const carla = await person("carla");
  for (const _ of [1, 2, 3]) await newSession(carla);
  await forgetCalls(carla);
  await carla.page.evaluate(() => hooks.list());
  await says(carla.page, "list", /^ready\|\|3$/);
  assert.equal(await carla.page.evaluate(() => calls.getMany), 1);
  const parent = await newSession(carla);
  await newSession(carla, { read: [parent] });
  await carla.page.evaluate((parent) => hooks.list(parent), parent);
  await says(carla.page, "list", /^ready\|\|1$/);
});

test("what others change is seen without asking: a revocation takes everything away, a grant brings it back", async () => {
  const fay = await person("fay");
  const session = await newSession(anna, { read: [fay.user] });
  const sealed = await sealText(anna, session, "for Fay");
  await fay.page.evaluate(([session, sealed]) => hooks.following(session, new Uint8Array(sealed)), [session, sealed]);
  await says(fay.page, "session0", /^ready\|\|2$/);
  await says(fay.page, "text", /^ready\|\|for Fay$/);
  await says(fay.page, "list", /^ready\|\|1$/);
  const opened = await fay.page.evaluate(() => calls.open);

  await anna.page.evaluate(([session, ben]) => ward.sessions.grant(session, ben, "read"), [session, ben.user]);
  await says(fay.page, "session0", /^ready\|\|3$/);
  assert.ok((await fay.page.evaluate(() => hooks.changes)).includes(`session ${session}`));

  await anna.page.evaluate(([session, fay]) => ward.sessions.revoke(session, [fay]), [session, fay.user]);
  await says(fay.page, "session0", /^error\|no_access\|$/);
  await says(fay.page, "text", /^error\|no_access\|$/);
  await says(fay.page, "list", /^ready\|\|0$/);

  await anna.page.evaluate(([session, fay]) => ward.sessions.grant(session, fay, "read"), [session, fay.user]);
  await says(fay.page, "session0", /^ready\|\|3$/);
  await says(fay.page, "text", /^ready\|\|for Fay$/);
  await says(fay.page, "list", /^ready\|\|1$/);
  assert.ok((await fay.page.evaluate(() => calls.open)) > opened, "it was asked again");

  // Nobody listens when no component wants anything.
  await fay.page.evaluate(() => hooks.nothing());
  await fay.page.waitForFunction(() => watching.aborted);
});

test("content comes as text, JSON, a Blob or bytes, with its author; what is no JSON is an error", async () => {
  const session = await newSession(anna, { read: [ben.user] });
  const sealed = await sealText(anna, session, '{"title":"Minutes"}', { name: "minutes.json", type: "application/json" });
  await forgetCalls(ben);
  await ben.page.evaluate((sealed) => hooks.forms(new Uint8Array(sealed)), sealed);
  await says(ben.page, "json", /^ready\|\|Minutes$/);
  await says(ben.page, "blob", /^ready\|\|application\/json 19 minutes.json$/);
  await says(ben.page, "bytes", new RegExp(`^ready\\|\\|19 ${anna.user}$`));
  assert.equal(await ben.page.evaluate(() => calls.open), 3, "each form once");

  const text = await sealText(anna, session, "no JSON");
  await ben.page.evaluate((text) => hooks.forms(new Uint8Array(text)), text);
  await says(ben.page, "json", /^error\|invalid\|$/);
  await says(ben.page, "bytes", /^ready/);
  await ben.page.evaluate(() => hooks.text(undefined));
  await says(ben.page, "text", /^loading\|\|$/);
  await ben.page.evaluate((text) => hooks.text(new Uint8Array(text).fill(0, 200)), text);
  await says(ben.page, "text", /^error\|object_\w+\|$/);
});

test("the same source in two places is opened once", async () => {
  const session = await newSession(anna);
  const sealed = await sealText(anna, session, "once");
  await forgetCalls(anna);
  await anna.page.evaluate((sealed) => {
    const source = new Uint8Array(sealed);
    hooks.texts([source, source, source]);
  }, sealed);
  for (const id of ["text0", "text1", "text2"]) await says(anna.page, id, /^ready\|\|once$/);
  assert.equal(await anna.page.evaluate(() => calls.open), 1);
});

test("somebody who seals sees how far it is, can stop it, and is told what went wrong", async () => {
  const session = await newSession(anna);
  await anna.page.evaluate((session) => hooks.seal(session), session);
  await says(anna.page, "seal", /^idle\|\|$/);
  const length = 3 << 20;
  const opened = await anna.page.evaluate(async (length) => {
    const sealed = await hooks.sealing.seal(new Blob([new Uint8Array(length)]));
    return (await (await ward.open(sealed)).bytes()).length;
  }, length);
  assert.equal(opened, length);
  await says(anna.page, "seal", new RegExp(`^done\\|\\|${length}$`));

  const reason = await anna.page.evaluate(async (length) => {
    const sealing = hooks.sealing.seal(new Blob([new Uint8Array(length)]));
    hooks.sealing.cancel();
    return sealing.catch((error) => error.name);
  }, length);
  assert.equal(reason, "AbortError");
  await says(anna.page, "seal", /^idle\|\|$/);

  const gone = await anna.page.evaluate(async (length) => {
    const sealing = hooks.sealing.seal(new Blob([new Uint8Array(length)]));
    hooks.nothing();
    return sealing.catch((error) => error.name);
  }, length);
  assert.equal(gone, "AbortError", "the component has gone");

  const foreign = await newSession(ben);
  await anna.page.evaluate((foreign) => hooks.seal(foreign), foreign);
  assert.equal(await anna.page.evaluate(() => hooks.sealing.seal("text").catch((error) => error.code)), "no_access");
  await says(anna.page, "seal", /^error\|no_access\|$/);
});

test("a provider opens a client once and closes it when it goes; meanwhile there is something else to see", async () => {
  await anna.page.evaluate((options) => {
    const { Wardseal } = hooks;
    const open = Wardseal.open;
    globalThis.clients = [];
    globalThis.closings = 0;
    Wardseal.open = async (...given) => {
      const ward = await open.apply(Wardseal, given);
      clients.push(ward);
      const close = ward.close.bind(ward);
      ward.close = () => ((closings += 1), close());
      return ward;
    };
    hooks.open({ ...options, store: hooks.memoryStore() }, "text");
    globalThis.first = document.getElementById("client").textContent;
  }, anna.options);
  assert.equal(await anna.page.evaluate(() => first), "fallback");
  await says(anna.page, "client", /^open$/);
  assert.deepEqual(await anna.page.evaluate(() => [clients.length, closings, hooks.opened === clients[0]]), [1, 0, true]);
  await anna.page.evaluate(() => hooks.nothing());
  await anna.page.waitForFunction(() => closings === 1);
});

test("a client that cannot be opened is told to the fallback, or to the next error boundary", async () => {
  const wrong = { ...anna.options, tenant: "ten_wrong" };
  await anna.page.evaluate((wrong) => hooks.open(wrong, "function"), wrong);
  await says(anna.page, "client", /^error\|\w+\|$/);
  const reported = anna.complaints.length;
  await anna.page.evaluate((wrong) => hooks.open(wrong, "text"), wrong);
  await says(anna.page, "boundary", /^\w+$/);
  await anna.page.evaluate(() => hooks.orphan());
  await says(anna.page, "boundary", /^this hook is used below a WardsealProvider only$/);
  // React writes down what a boundary has caught.
  anna.complaints.splice(reported);
});

test("who is signed in is known, also after another tab has changed it", async () => {
  const dora = await person("dora");
  await dora.page.evaluate(() => hooks.profile());
  await says(dora.page, "profile", new RegExp(`^ready\\|\\|${dora.user}$`));
  await dora.page.evaluate(() => ward.signOut().then(() => hooks.reload.profile()));
  await says(dora.page, "profile", /^ready\|\|$/);

  const emil = await person("emil");
  const session = await newSession(emil);
  await emil.page.evaluate((session) => hooks.profileAndSession(session), session);
  await says(emil.page, "profile", new RegExp(`\\|${emil.user}$`));
  await says(emil.page, "session0", /^ready/);
  const other = await emil.page.context().newPage();
  await other.goto(application.address);
  await other.waitForFunction(() => "hooks" in globalThis);
  await other.evaluate(async (options) => (await hooks.Wardseal.open(options)).signOut(), emil.options);
  await emil.page.evaluate(() => hooks.reload.session0());
  await says(emil.page, "session0", /^error\|no_identity\|$/);
  await says(emil.page, "profile", /^ready\|\|$/);
});

test("nothing was said in the consoles", () => {
  for (const { complaints } of [anna, ben]) assert.deepEqual(complaints.filter((line) => !/Failed to load resource/.test(line)), []);
});
