// A passkey opens a person in an empty browser: Chromium's own authenticator, with the PRF extension.
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

/** Passkeys belong to a domain, and an address in numbers is none. */
function atLocalhost() {
  return { ...application, address: application.address.replace("127.0.0.1", "localhost") };
}

/** A tab with an authenticator in which somebody is present and verified. */
async function tabWithAuthenticator(context, hasPrf = true) {
  const page = await openTab(context, atLocalhost(), servers);
  const session = await context.newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf,
    },
  });
  return { page, session, authenticatorId };
}

test("a passkey is made, and opens everything where nothing else is", async () => {
  const context = await browser.newContext();
  const { page, session, authenticatorId } = await tabWithAuthenticator(context);
  const made = await page.evaluate(async () => {
    const ward = await openWard();
    const user = await ward.signUp("paula", sign);
    const group = await ward.groups.create("Ward");
    const record = await ward.sessions.create({ manage: [group] });
    const sealed = await ward.seal(record, "only for Paula");
    const device = await ward.recovery.addPasskey({ rpId: "localhost", name: "paula", application: "Wards" });
    const [method] = await ward.recovery.methods();
    const [check] = await ward.recovery.check();
    await fetch("/objects/paula", { method: "PUT", body: sealed });
    return { user, device, method, check };
  });
  assert.equal(made.method.kind, "passkey");
  assert.equal(made.method.device, made.device);
  assert.deepEqual(made.check, { kind: "passkey", device: made.device, state: "works" });
  const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
  assert.equal(credentials.length, 1);
  assert.ok(credentials[0].isResidentCredential);

  // Another browser, to which the passkey came by its maker's own ways.
  const empty = await browser.newContext();
  const other = await tabWithAuthenticator(empty);
  assert.equal(
    await other.page.evaluate(async () => code((await openWard()).unlockByPasskey({ rpId: "localhost" }))),
    "passkey_cancelled",
  );
  await page.evaluate(async () => {
    globalThis.fresh = await openWard({ store: sdk.memoryStore() });
    await fresh.unlockByPasskey({ rpId: "localhost" });
  });
  const opened = await page.evaluate(async () => {
    const found = await fresh.open(await (await fetch("/objects/paula")).blob());
    const group = await fresh.groups.create("more");
    return { user: fresh.profile.user, text: await (await found.blob()).text(), group };
  });
  assert.equal(opened.user, made.user);
  assert.equal(opened.text, "only for Paula");

  // Removed, it opens nothing.
  await page.evaluate(async (device) => (await openWard()).recovery.remove(device), made.device);
  const later = await page.evaluate(async () => code((await openWard({ store: sdk.memoryStore() })).unlockByPasskey({ rpId: "localhost" })));
  assert.equal(later, "unknown_recovery");
  await Promise.all([context.close(), empty.close()]);
});

test("an authenticator without the extension is refused, and nothing is set", async () => {
  const context = await browser.newContext();
  const { page } = await tabWithAuthenticator(context, false);
  const found = await page.evaluate(async () => {
    const ward = await openWard();
    await ward.signUp("quirin", sign);
    const refused = await code(ward.recovery.addPasskey({ rpId: "localhost", name: "quirin" }));
    const elsewhere = await code(ward.recovery.addPasskey({ rpId: "elsewhere.example", name: "quirin" }));
    return { refused, elsewhere, methods: await ward.recovery.methods() };
  });
  assert.deepEqual(found, { refused: "passkey_no_prf", elsewhere: "invalid", methods: [] });
  await context.close();
});
