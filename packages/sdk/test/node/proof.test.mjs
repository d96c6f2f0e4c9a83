// What an application's own server needs to let a person log in, checked by nothing but what Node brings: the proof of the
// page's device, and the token by which the server reads the person's chain (spec/08-sign-in.md).
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Wardseal } from "../../dist/index.js";
import { startServers } from "../servers.mjs";

const ORIGIN = "https://app.example";

let servers;
let ward;

before(async () => {
  servers = await startServers();
  ward = await Wardseal.open({ tenant: servers.tenant, keys: servers.keys });
});
after(async () => {
  await ward?.close();
  await servers?.stop();
});

const base64url = (value) => Buffer.from(typeof value === "string" || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString("base64url");

/** The bytes of an identifier. */
function idBytes(id) {
  const digits = id.slice(id.indexOf("_") + 1);
  const bits = [...digits].map((digit) => "abcdefghijklmnopqrstuvwxyz234567".indexOf(digit).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.slice(0, 256).match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

/** What a device signs, under the label of proofs or another. */
function message(proof, label) {
  const text = (value) => item(0x60, Buffer.from(value));
  const item = (major, bytes) => Buffer.concat([bytes.length < 24 ? Buffer.of(major + bytes.length) : Buffer.of(major + 24, bytes.length), bytes]);
  const ids = [proof.tenant, proof.user, proof.device].map((id) => item(0x40, idBytes(id)));
  const content = [Buffer.of(0x86, 1), text(proof.audience), ...ids, item(0x40, Buffer.from(proof.challenge))];
  return Buffer.concat([Buffer.from(`wardseal/v1/${label}\0`), ...content]);
}

/** An access token of the tenant's. */
async function access(scope) {
  const { keys } = await servers.program("operator", "tenant", "show");
  const kid = keys.find(({ purpose }) => purpose === "token").id;
  const seed = await readFile(join(servers.directory, "tenant", "token.key"));
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]), format: "der", type: "pkcs8" });
  const iat = Math.floor(Date.now() / 1000);
  const header = { alg: "EdDSA", kid, typ: "wardseal-access+jwt" };
  const claims = { iss: servers.tenant, aud: (await ward.server()).audience, iat, exp: iat + 600, jti: base64url(randomBytes(16)), scope };
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${base64url(sign(null, Buffer.from(input), key))}`;
}

/** Asks the key server for a chain. */
async function chain(token, id) {
  const body = JSON.stringify({ tenant: servers.tenant, chains: [{ chain: id, from: 0 }], log_size: 0 });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${servers.keys}/v1/chains/fetch-for-tenant`, { method: "POST", headers, body });
  return { status: answer.status, ...(await answer.json()) };
}

/** The Ed25519 key in a statement by which this verifies, if there is one. */
function verifyingKey(statement, signed, signature) {
  for (let start = 0; start + 32 <= statement.length; start += 1) {
    const key = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), statement.subarray(start, start + 32)]);
    try {
      if (verify(null, signed, createPublicKey({ key, format: "der", type: "spki" }), signature)) return start;
    } catch {
      // Not the encoding of a key.
    }
  }
  return undefined;
}

test("a device proves itself to an application, whose server reads the chain that says so", async () => {
  const nobody = (error) => error.code === "no_identity";
  await assert.rejects(ward.prove(ORIGIN, "challenge"), nobody);
  await ward.signUp("anna", servers.sign);
  const proof = await ward.prove(ORIGIN, "a challenge of the application's");
  const { tenant, user, device } = ward.profile;
  assert.deepEqual(proof, { tenant, user, device, audience: ORIGIN, challenge: "a challenge of the application's", signature: proof.signature });
  assert.deepEqual(JSON.parse(JSON.stringify(proof)), proof);
  for (const [audience, challenge] of [["", "challenge"], [ORIGIN, ""], [ORIGIN, "x".repeat(1025)]]) {
    await assert.rejects(ward.prove(audience, challenge), (error) => error.code === "invalid");
  }

  const refused = await chain(await access("chains:write"), user);
  assert.deepEqual([refused.status, refused.code], [401, "access_refused"]);
  const fetched = await chain(await access("chains:read"), user);
  assert.equal(fetched.status, 200);
  assert.deepEqual([fetched.chains.length, fetched.chains[0].chain, fetched.chains[0].boxes], [1, user, []]);
  const genesis = Buffer.from(fetched.chains[0].entries[0].statement, "base64url");
  const signature = Buffer.from(proof.signature, "base64url");
  assert.equal(signature.length, 64);
  assert.notEqual(verifyingKey(genesis, message(proof, "device-proof"), signature), undefined);
  assert.equal(verifyingKey(genesis, message(proof, "sign-in"), signature), undefined, "it signs nobody in");
  const relabelled = { ...proof, audience: "https://evil.example" };
  assert.equal(verifyingKey(genesis, message(relabelled, "device-proof"), signature), undefined);
});
