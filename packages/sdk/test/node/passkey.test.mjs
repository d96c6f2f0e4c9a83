// What the SDK asks of WebAuthn, and what it makes of the answers. The real thing is tested in Chromium.
import assert from "node:assert/strict";
import { test } from "node:test";

import { askPasskey, makePasskey } from "../../dist/passkey.js";

const INPUT = new Uint8Array(32).fill(7);
const SECRET = new Uint8Array(32).fill(9);
const PERSON = { rpId: "wards.example", name: "jana" };

const credential = (results) => ({ rawId: new Uint8Array([1, 2, 3]).buffer, getClientExtensionResults: () => results });
const given = credential({ prf: { results: { first: SECRET.buffer } } });
const refusedWith = (code) => (error) => error.name === "WardsealError" && error.code === code;

function authenticator(created, got) {
  const asked = [];
  const answer = (what) => async (options) => {
    asked.push(options);
    if (what instanceof Error) throw what;
    return what;
  };
  return { asked, create: answer(created), get: answer(got) };
}

test("a passkey is discoverable, verified, and asked for its secret when it is made", async () => {
  const credentials = authenticator(given);
  const made = await makePasskey({ ...PERSON, application: "Wards", credentials }, INPUT);
  assert.deepEqual(made, { id: new Uint8Array([1, 2, 3]), secret: SECRET });
  const [{ publicKey }] = credentials.asked;
  assert.equal(credentials.asked.length, 1);
  assert.deepEqual(publicKey.rp, { id: "wards.example", name: "Wards" });
  assert.equal(publicKey.user.name, "jana");
  assert.equal(publicKey.user.id.length, 32);
  assert.deepEqual(publicKey.authenticatorSelection, { residentKey: "required", requireResidentKey: true, userVerification: "required" });
  assert.deepEqual(publicKey.extensions.prf.eval.first, INPUT);
});

test("an authenticator that gives no secret at first is asked again, for that passkey alone", async () => {
  const credentials = authenticator(credential({ prf: { enabled: true } }), given);
  const made = await makePasskey({ ...PERSON, credentials }, INPUT);
  assert.deepEqual(made.secret, SECRET);
  assert.deepEqual(credentials.asked[1].publicKey.allowCredentials, [{ type: "public-key", id: new Uint8Array([1, 2, 3]) }]);
  assert.deepEqual(credentials.asked[1].publicKey.extensions.prf.eval.first, INPUT);
});

test("any passkey of the domain is asked for", async () => {
  const credentials = authenticator(undefined, credential({ prf: { results: { first: new DataView(SECRET.buffer) } } }));
  assert.deepEqual((await askPasskey({ rpId: "wards.example", credentials }, INPUT)).secret, SECRET);
  assert.equal(credentials.asked[0].publicKey.allowCredentials, undefined);
  assert.equal(credentials.asked[0].publicKey.userVerification, "required");
});

test("what goes wrong has a code that says what to do", async () => {
  const named = (name) => new DOMException("no", name);
  const cases = [
    [authenticator(named("NotAllowedError"), named("NotAllowedError")), "passkey_cancelled"],
    [authenticator(null, null), "passkey_cancelled"],
    [authenticator(named("NotSupportedError"), named("NotSupportedError")), "passkey_not_supported"],
    [authenticator(named("SecurityError"), named("SecurityError")), "invalid"],
    [authenticator(credential({ prf: { enabled: false } }), credential({})), "passkey_no_prf"],
    [authenticator(credential({ prf: { enabled: true } }), credential({ prf: { results: { first: new ArrayBuffer(16) } } })), "passkey_no_prf"],
  ];
  for (const [credentials, code] of cases) {
    await assert.rejects(makePasskey({ ...PERSON, credentials }, INPUT), refusedWith(code), code);
    await assert.rejects(askPasskey({ rpId: "wards.example", credentials }, INPUT), refusedWith(code), code);
  }
  await assert.rejects(makePasskey({ ...PERSON, credentials: authenticator(named("InvalidStateError")) }, INPUT), refusedWith("passkey_exists"));
  await assert.rejects(askPasskey({ rpId: "", credentials: authenticator() }, INPUT), refusedWith("invalid"));
  // Node has no navigator.credentials: neither has a page without https.
  await assert.rejects(makePasskey(PERSON, INPUT), refusedWith("passkey_not_supported"));
});

test("who gives up is not told that no passkey was chosen", async () => {
  const controller = new AbortController();
  controller.abort();
  const credentials = authenticator(new DOMException("aborted", "AbortError"));
  await assert.rejects(makePasskey({ ...PERSON, credentials, signal: controller.signal }, INPUT), (error) => error.name === "AbortError");
});
