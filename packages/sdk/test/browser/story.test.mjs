// Two facilities in browser profiles of their own, over the real servers.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { bytesOf, startServers } from "../servers.mjs";
import { openTab, prepare, startApplication, startBrowser } from "./pages.mjs";

const PASSWORD = "Drei Igel tanzen 1 Walzer";
const MEGABYTES_40 = 40 << 20;

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

async function machine() {
  const context = await browser.newContext();
  return { context, page: await openTab(context, application, servers) };
}

/** A person at a machine of his own, signed up there. */
async function person(name) {
  const { context, page } = await machine();
  const user = await page.evaluate(async (name) => {
    globalThis.ward = await openWard();
    return ward.signUp(name, sign);
  }, name);
  return { context, page, user };
}

/** Opens an object of the application in a page: what it says, and the hash of its content. */
function openObject(page, path) {
  return page.evaluate(async (path) => {
    try {
      const { body } = await fetch(path);
      const opened = await ward.open(body);
      const content = await opened.blob();
      return { name: opened.name, author: opened.author, verified: opened.verified, hash: await hash(await content.arrayBuffer()) };
    } catch (error) {
      return error.code ?? error.stack;
    }
  }, path);
}

test("two facilities share a record; a third cannot read it, nor can who left; a password opens it on a wiped machine", async () => {
  const [anna, ben, carla, emma] = await Promise.all(["anna", "ben", "carla", "emma"].map(person));

  const groups = await anna.page.evaluate(async () => {
    const [ben] = await ward.users.byName(["ben"]);
    return ward.groups.create("North", [{ id: ben, role: "member" }]);
  });
  const south = await carla.page.evaluate(() => ward.groups.create("South"));

  // Anna seals a FHIR bundle, and 40 MB from a Blob, and puts both where the application keeps objects.
  const sealed = await anna.page.evaluate(
    async ({ north, south, length }) => {
      const session = await ward.sessions.create({ manage: [north], read: [south], metadata: { case: "4711" } });
      const bundle = JSON.stringify({ resourceType: "Bundle", type: "document", entry: [] });
      const scan = new Uint8Array(length);
      for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(scan.subarray(at, at + 65_536));
      const put = (path, body) => fetch(path, { method: "PUT", body });
      await put("/objects/bundle", await ward.seal(session, bundle, { name: "bundle.json", type: "application/fhir+json" }));
      const progress = [];
      const file = new File([scan], "scan.pdf", { type: "application/pdf" });
      let object;
      const pause = await longestPause(async () => {
        object = await ward.seal(session, file, { onProgress: (bytes) => progress.push(bytes) });
      });
      await put("/objects/scan", object);
      return { session, hashes: [await hash(new TextEncoder().encode(bundle)), await hash(scan)], progress: progress.length, last: progress.at(-1), pause };
    },
    { north: groups, south, length: MEGABYTES_40 },
  );
  assert.equal(sealed.last, MEGABYTES_40);
  assert.equal(sealed.progress, 41);
  console.log(`40 MB sealed in ${Math.round(sealed.pause.whole)} ms, longest pause of the page ${Math.round(sealed.pause.longest)} ms`);

  for (const reader of [carla, ben]) {
    const bundle = await openObject(reader.page, "/objects/bundle");
    assert.deepEqual(bundle, { name: "bundle.json", author: anna.user, verified: true, hash: sealed.hashes[0] });
    const scan = await openObject(reader.page, "/objects/scan");
    assert.deepEqual(scan, { name: "scan.pdf", author: anna.user, verified: true, hash: sealed.hashes[1] });
  }
  assert.deepEqual(await carla.page.evaluate(async (session) => (await ward.sessions.get(session)).metadata, sealed.session), { case: "4711" });
  assert.equal(await openObject(emma.page, "/objects/bundle"), "no_access");

  // Ben leaves.
  await anna.page.evaluate(
    async ({ north, ben, session }) => {
      await ward.groups.remove(north, [ben]);
      await fetch("/objects/later", { method: "PUT", body: await ward.seal(session, "later") });
    },
    { north: groups, ben: ben.user, session: sealed.session },
  );
  assert.equal(await openObject(ben.page, "/objects/later"), "no_access");
  assert.equal((await openObject(carla.page, "/objects/later")).author, anna.user);

  // Carla sets a password, and her browser is wiped.
  const pause = await carla.page.evaluate((password) => longestPause(() => ward.setPassword(password, ["carla"])), PASSWORD);
  console.log(`password set in ${Math.round(pause.whole)} ms, longest pause of the page ${Math.round(pause.longest)} ms`);
  assert.ok(pause.longest < pause.whole / 2, "the page froze while the password was hashed");
  await carla.context.close();
  const { context, page } = await machine();
  const unlocked = await page.evaluate(async (password) => {
    globalThis.ward = await openWard();
    const before = ward.profile ?? null;
    const wrong = await code(ward.unlock("carla", "Drei Igel tanzen 2 Walzer"));
    await ward.unlock("carla", password);
    return { before, wrong, user: ward.profile.user };
  }, PASSWORD);
  assert.deepEqual(unlocked, { before: null, wrong: "wrong_password", user: carla.user });
  assert.equal((await openObject(page, "/objects/scan")).hash, sealed.hashes[1]);

  // Nothing was written: after a reload she is asked again, unless she trusts the machine.
  await page.reload();
  await prepare(page, servers);
  const trusted = await page.evaluate(async (password) => {
    globalThis.ward = await openWard();
    const before = ward.profile ?? null;
    await ward.unlock("carla", password);
    await ward.trustThisMachine();
    return before;
  }, PASSWORD);
  assert.equal(trusted, null);
  await page.reload();
  await prepare(page, servers);
  const profile = await page.evaluate(async () => {
    globalThis.ward = await openWard();
    return ward.profile;
  });
  assert.equal(profile.user, carla.user);
  assert.equal((await openObject(page, "/objects/later")).author, anna.user);
  await page.evaluate(() => ward.signOut());
  assert.equal(await page.evaluate(async () => (await openWard()).profile ?? null), null);
  await Promise.all([context, anna.context, ben.context, emma.context].map((open) => open.close()));
});

test("worker, page and WebAssembly open each other's objects, and the program's, which opens theirs", async () => {
  await servers.signUpNatively("greta");
  const hugo = await person("hugo");
  const work = join(servers.directory, "exchange");
  await mkdir(work, { recursive: true });
  const content = bytesOf(3_300_000, 9);
  const contentHash = createHash("sha256").update(content).digest("hex");
  await writeFile(join(work, "scan.bin"), content);
  await servers.program("greta", "seal", join(work, "scan.bin"), "--for", "hugo", "--manage", "greta", "-o", join(work, "scan.wseal"));
  application.objects.set("/objects/native", await readFile(join(work, "scan.wseal")));
  const opened = await hugo.page.evaluate(async () => {
    const native = await (await fetch("/objects/native")).blob();
    const hashes = {};
    const { session } = await sdk.Wardseal.inspect(native);
    for (const engine of ["worker", "here", "wasm"]) {
      const content = await (await ward.open(native, { engine })).bytes();
      hashes[`native ${engine}`] = await hash(content);
      const sealed = await ward.seal(session, content, { engine, name: "back.bin" });
      await fetch(`/objects/${engine}`, { method: "PUT", body: sealed });
      for (const other of ["worker", "here", "wasm"]) {
        hashes[`${engine} ${other}`] = await hash(await (await ward.open(sealed, { engine: other })).bytes());
      }
    }
    const part = await ward.openRange(native, 3_000_000, 3_000_010);
    return { hashes, part: [...part] };
  });
  for (const [pair, found] of Object.entries(opened.hashes)) assert.equal(found, contentHash, pair);
  assert.equal(Object.keys(opened.hashes).length, 12);
  assert.deepEqual(opened.part, [...content.subarray(3_000_000, 3_000_010)]);
  for (const engine of ["worker", "here", "wasm"]) {
    await writeFile(join(work, `${engine}.wseal`), application.objects.get(`/objects/${engine}`));
    await servers.program("greta", "open", join(work, `${engine}.wseal`), "-o", join(work, `${engine}.bin`));
    assert.deepEqual(new Uint8Array(await readFile(join(work, `${engine}.bin`))), content, engine);
  }
  await hugo.context.close();
});
