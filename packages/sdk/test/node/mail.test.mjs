// Recovery by two codes: the vault's real letters, and the application's server of the guide.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Wardseal, memoryStore } from "../../dist/index.js";
import { startMailbox } from "../mailbox.mjs";
import { startServers } from "../servers.mjs";

const APPLICATION = fileURLToPath(new URL("../../../../examples/tenant-server/node/server.mjs", import.meta.url));
const FIRST = "Drei Igel tanzen 1 Walzer";
const SECOND = "Vier Igel tanzen 2 Walzer";
const ADDRESS = "nadja@wards.example";

let mailbox;
let servers;
let application;
let nadja;

const client = (more = {}) => Wardseal.open({ tenant: servers.tenant, keys: servers.keys, vault: servers.vault, ...more });
const refused = (code) => (error) => error.name === "WardsealError" && error.code === code;

/** The guide's server, with a login for Nadja. */
async function startApplication(kid) {
  const outbox = join(servers.directory, "outbox");
  const server = spawn(process.execPath, [APPLICATION], {
    env: {
      TENANT: servers.tenant,
      TOKEN_KID: kid,
      TOKEN_KEY: join(servers.directory, "tenant", "token.key"),
      VAULT_URL: servers.vault,
      SESSIONS: "cookie=nadja",
      OUTBOX: outbox,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const lines = createInterface({ input: server.stdout });
  const [first] = await Promise.race([lines[Symbol.asyncIterator]().next().then(({ value }) => [value]), ended.then(() => [""])]);
  const address = /http:\S+/.exec(first)[0];
  return {
    post: async (method, path, body, cookie) => {
      const headers = cookie ? { authorization: `Bearer ${cookie}` } : {};
      const response = await fetch(address + path, { method, headers, body: JSON.stringify(body) });
      assert.equal(response.status, 200, path);
      return response.json();
    },
    /** The code in the application's own last letter. */
    code: async () => /code for \S+ is (\d{8})\n$/.exec(await readFile(outbox, "utf8"))[1],
    stop: async () => {
      server.kill();
      await ended;
    },
  };
}

before(async () => {
  mailbox = await startMailbox();
  servers = await startServers({ vault: ["--smtp", mailbox.address, "--mail-from", "vault@keys.example"] });
  nadja = await client();
  const request = await nadja.beginSignUp("nadja");
  const token = await servers.sign(request);
  await nadja.finishSignUp(token);
  await nadja.setPassword(FIRST);
  application = await startApplication(JSON.parse(Buffer.from(token.split(".")[0], "base64url").toString()).kid);
});
after(async () => {
  await nadja?.close();
  await application?.stop();
  await servers?.stop();
  await mailbox?.stop();
});

async function setMail(delayHours) {
  await nadja.recovery.setMail({
    address: ADDRESS,
    delayHours,
    language: "de",
    depositShare: async (record, share) => {
      await application.post("PUT", "/recovery/share", { user: nadja.profile.user, record, share, address: ADDRESS }, "cookie");
    },
  });
}

/** Up to both codes; `finish` gives them. */
async function begin(ward) {
  let attempt;
  const recovery = await ward.recoverByMail("nadja", async (clientKey) => {
    const started = await application.post("POST", "/recovery/start", { name: "nadja", clientKey });
    attempt = started.attempt;
    return started;
  });
  const letter = await mailbox.next();
  assert.ok(letter.includes(recovery.tag), letter);
  assert.match(letter, new RegExp(`^to: .*${ADDRESS}`, "im"));
  const code = /\b(\d{4}) ?(\d{4})\b/.exec(letter.slice(letter.indexOf("\n\n")));
  const { share } = await application.post("POST", "/recovery/finish", { attempt, code: await application.code() });
  return { recovery, vaultCode: code[1] + code[2], share };
}

test("who forgot the password types two codes and reads everything again", async () => {
  await setMail(0);
  const session = await nadja.sessions.create({ manage: [nadja.profile.user] });
  const sealed = await nadja.seal(session, "a record");
  const ward = await client();
  const { recovery, vaultCode, share } = await begin(ward);
  const wrong = vaultCode.replace(/./g, (digit) => (digit === "1" ? "2" : "1"));
  await assert.rejects(recovery.finish(wrong, share), refused("code_refused"));
  await assert.rejects(recovery.setPassword(SECOND), refused("no_identity"));
  assert.equal(recovery.ready, undefined);
  const { released } = await recovery.finish(vaultCode, share);
  assert.equal(released, true);
  assert.equal(ward.profile, undefined);
  await recovery.setPassword(SECOND, ["nadja"]);
  assert.equal(ward.profile.user, nadja.profile.user);
  assert.equal(await (await ward.open(sealed)).text(), "a record");
  await assert.rejects((await client()).unlock("nadja", FIRST), refused("wrong_password"));
  assert.deepEqual((await nadja.recovery.events()).map(({ kind }) => kind), ["mail"]);
  // The person is told, and of the code nothing is repeated.
  const told = await mailbox.next();
  assert.ok(!told.includes(vaultCode) && !told.includes(vaultCode.slice(0, 4)), told);
  await ward.close();
});

test("with a delay the page may be closed, and the person may stop it", async () => {
  await setMail(24);
  const store = memoryStore();
  const ward = await client({ store });
  const { recovery, vaultCode, share } = await begin(ward);
  const { ready, released } = await recovery.finish(vaultCode, share);
  assert.equal(released, false);
  assert.ok(ready > Date.now() + 23 * 3_600_000);
  await mailbox.next();

  const later = await client({ store });
  const resumed = await later.resumeRecovery();
  assert.equal(resumed.kind, "mail");
  assert.equal(resumed.ready, ready);
  assert.equal(resumed.name, "nadja");
  assert.equal((await resumed.collect()).released, false);
  const [pending, ...more] = await nadja.recovery.pending();
  assert.equal(more.length, 0);
  assert.equal(pending.ready, ready);
  await nadja.recovery.veto(pending.attempt);
  await assert.rejects(resumed.collect(), refused("recovery_vetoed"));
  await resumed.cancel();
  assert.equal(await later.resumeRecovery(), undefined);
  assert.equal(later.profile, undefined);

  // What the application refuses has not begun.
  const away = later.recoverByMail("nadja", () => Promise.reject(new Error("not now")));
  await assert.rejects(away, /not now/);
  const forged = later.recoverByMail("nadja", async () => ({ token: "no.token.atall", user: nadja.profile.user, record: share }));
  await assert.rejects(forged, refused("access_refused"));
  assert.equal(await later.resumeRecovery(), undefined);
  await Promise.all([ward, later].map((open) => open.close()));
});
