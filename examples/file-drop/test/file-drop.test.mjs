// Files in browsers, over the real servers.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { assertAccessible, person, picture, startBrowser, startExample } from "../../kit/testing.mjs";

const MEGABYTES_10 = randomBytes(10 << 20);
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

let application;
let browser;
let anna;
let ben;

before(async () => {
  application = await startExample("file-drop");
  browser = await startBrowser();
  anna = await person(browser, application, "anna");
  await anna.page.getByText("There is no file yet.").waitFor();
});
after(async () => {
  await browser?.close();
  await application?.stop();
});

const stored = (page, name) => page.getByRole("list", { name: "Files" }).getByRole("listitem").filter({ hasText: name });
const underway = (page, name) => page.getByRole("list", { name: "On their way" }).getByRole("listitem").filter({ hasText: name });
const choose = (page, name, buffer, mimeType = "application/octet-stream") => page.getByLabel("Choose files").setInputFiles({ name, mimeType, buffer: Buffer.from(buffer) });

async function saved(page, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), stored(page, name).getByRole("button", { name: `Save ${name}` }).click()]);
  return readFile(await download.path());
}

test("a file is dropped, and somebody who is let in glances at it and saves it; the server has no word of it", async () => {
  // As the browser does it when a file is dropped.
  const dropped = await anna.page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["The roof has to wait until May.\n".repeat(2000)], "roof.txt", { type: "text/plain" }));
    return transfer;
  });
  await anna.page.dispatchEvent("#drop", "drop", { dataTransfer: dropped });
  await stored(anna.page, "roof.txt").waitFor();
  await assertAccessible(anna.page);

  ben = await person(browser, application, "ben", { width: 390, height: 844, scheme: "dark" });
  await ben.page.getByRole("heading", { name: "You are not on the list" }).waitFor();
  await anna.page.getByLabel("Let somebody in").fill("ben");
  await anna.page.keyboard.press("Enter");
  await stored(ben.page, "roof.txt").getByRole("button", { name: "Glance" }).click();
  await ben.page.getByText("The roof has to wait").waitFor();
  await assertAccessible(ben.page);
  await picture(ben.page, "file-drop-phone");
  assert.equal(String(await saved(ben.page, "roof.txt")), "The roof has to wait until May.\n".repeat(2000));

  const box = await (await fetch(`${application.address}/box`, { headers: { authorization: "Name anna" } })).json();
  assert.equal(box.addresses.length, 1);
  const kept = await readFile(`${application.data}${box.addresses[0]}`, "latin1");
  assert.doesNotMatch(kept, /roof/);
});

test("an upload that a reload cut off goes on where the server stands", async () => {
  const sent = [];
  anna.page.on("request", (request) => request.method() === "PATCH" && sent.push(Number(request.headers()["upload-offset"])));
  // The third part and what follows do not leave the page.
  await anna.page.route("**/files/*", (route) => {
    const request = route.request();
    if (request.method() === "PATCH" && Number(request.headers()["upload-offset"]) >= 8 << 20) return undefined;
    return route.continue();
  });
  await choose(anna.page, "scan.bin", MEGABYTES_10);
  await underway(anna.page, "scan.bin").getByText("Sending: 8.4 MB").waitFor();
  await assertAccessible(anna.page);
  await picture(anna.page, "file-drop-sending");
  await anna.page.unroute("**/files/*");
  const before = sent.length;
  await anna.page.reload();
  await stored(anna.page, "scan.bin").waitFor({ timeout: 60_000 });
  assert.deepEqual(sent.slice(before).filter((at) => at < 8 << 20), [], "nothing was sent twice");
  assert.equal(hash(await saved(ben.page, "scan.bin")), hash(MEGABYTES_10));
  await picture(anna.page, "file-drop");
});

test("a glance at a large file takes a part of it", async () => {
  await ben.page.reload();
  let travelled = 0;
  ben.page.on("response", async (response) => {
    if (response.url().includes("/files/")) travelled += Number(response.headers()["content-length"] ?? 0);
  });
  await stored(ben.page, "scan.bin").getByRole("button", { name: "Glance" }).click();
  await ben.page.getByText("This file is not text.").waitFor();
  assert.ok(travelled > 0 && travelled < 4 << 20, `${travelled} bytes travelled`);
});

test("what is cancelled does not come back", async () => {
  await anna.page.route("**/files/*", (route) => (route.request().method() === "PATCH" ? undefined : route.continue()));
  await choose(anna.page, "mistake.bin", MEGABYTES_10);
  await underway(anna.page, "mistake.bin").getByText("Sending").waitFor();
  await anna.page.getByRole("button", { name: "Cancel mistake.bin" }).press("Enter");
  await underway(anna.page, "mistake.bin").waitFor({ state: "detached" });
  await anna.page.unroute("**/files/*");
  await anna.page.reload();
  await stored(anna.page, "scan.bin").waitFor();
  assert.equal(await underway(anna.page, "mistake.bin").count(), 0);
  assert.equal(await stored(anna.page, "mistake.bin").count(), 0);
});

test("files are deleted, and whoever is removed opens nothing", async () => {
  await stored(anna.page, "scan.bin").getByRole("button", { name: "Delete" }).click();
  await stored(ben.page, "scan.bin").waitFor({ state: "detached" });
  await anna.page.getByRole("button", { name: "Remove ben" }).click();
  await choose(anna.page, "without-ben.txt", "What does he charge?");
  await stored(anna.page, "without-ben.txt").waitFor();
  await ben.page.reload();
  await ben.page.getByRole("heading", { name: "You are not on the list" }).waitFor();
  for (const { complaints } of [anna, ben]) assert.deepEqual(complaints.filter((line) => !/Failed to load resource/.test(line)), []);
});

test("the server refuses what is no upload of this protocol", async () => {
  const send = (method, path, headers = {}, body = undefined) =>
    fetch(application.address + path, { method, headers: { authorization: "Name anna", "tus-resumable": "1.0.0", ...headers }, body });
  assert.equal((await send("POST", "/files", { "upload-length": String(2 ** 31) })).status, 413);
  assert.equal((await send("POST", "/files", { "upload-length": "-1" })).status, 400);
  assert.equal((await send("POST", "/files", { "tus-resumable": "0.2.0", "upload-length": "1" })).status, 412);
  const begun = await send("POST", "/files", { "upload-length": "4" });
  const address = begun.headers.get("location");
  assert.equal((await send("PATCH", address, { "upload-offset": "2" }, "xy")).status, 409);
  assert.equal((await send("PATCH", address, { "upload-offset": "0" }, "xyzuv")).status, 413);
  assert.equal((await send("HEAD", address)).headers.get("upload-offset"), "0");
  assert.equal((await send("GET", address)).status, 404, "it is not complete");
  assert.equal((await send("PATCH", address, { "upload-offset": "0" }, "xyzu")).status, 204);
  await anna.page.getByText("1 more cannot be opened").waitFor();
  assert.equal((await send("GET", address, { range: "bytes=1-2" })).headers.get("content-range"), "bytes 1-2/4");
  await anna.page.getByText("1 more cannot be opened").waitFor();
  assert.equal((await send("GET", address, { range: "bytes=9-" })).status, 416);
  assert.equal((await send("GET", address, { "if-match": '"another"' })).status, 412);
  assert.equal((await send("GET", "/files/../box.json")).status, 404);
  assert.equal((await send("DELETE", address)).status, 204);
  assert.equal((await send("HEAD", address)).status, 404);
});
