// Large files between a page and a server of another origin: one page of a long document, and an upload that breaks.
import assert from "node:assert/strict";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Wardseal } from "../../dist/index.js";
import { startFiles } from "../files.mjs";
import { bytesOf, startServers } from "../servers.mjs";
import { openTab, startApplication, startBrowser } from "./pages.mjs";

const PAGES = 400;
const PAGE_BYTES = 1_310_720;

let servers;
let application;
let files;
let browser;
let ward;
let page;

before(async () => {
  [servers, application, files, browser] = await Promise.all([startServers(), startApplication(), startFiles({ crossOrigin: true }), startBrowser()]);
  ward = await Wardseal.open({ tenant: servers.tenant, keys: servers.keys });
  await ward.signUp("anna", servers.sign);
  page = await openTab(await browser.newContext(), application, servers);
});
after(async () => {
  await ward?.close();
  await browser?.close();
  await files?.stop();
  await application?.stop();
  await servers?.stop();
});

/** What page `number` of the document holds. */
function pageOf(number, common) {
  const content = common.slice();
  new DataView(content.buffer).setUint32(0, number);
  return content;
}

/** A PDF of 500 MB as its parts come: pages, then the table of where they are, as the format has it. */
async function* document(common) {
  const offsets = [];
  let at = 0;
  const text = (line) => {
    const bytes = new TextEncoder().encode(line);
    at += bytes.length;
    return bytes;
  };
  yield text("%PDF-1.7\n");
  for (let number = 1; number <= PAGES; number++) {
    offsets.push(at);
    yield text(`${number} 0 obj\n<< /Length ${PAGE_BYTES} >>\nstream\n`);
    const content = pageOf(number, common);
    at += content.length;
    yield content;
    yield text("\nendstream\nendobj\n");
  }
  const table = at;
  yield text(`xref\n1 ${PAGES}\n`);
  for (const offset of offsets) yield text(`${String(offset).padStart(10, "0")} 00000 n \n`);
  yield text(`startxref\n${table}\n%%EOF\n`);
}

test("page 300 of a document of 500 MB takes a few megabytes", async () => {
  const reader = await page.evaluate(async () => {
    globalThis.ward = await openWard();
    return ward.signUp("ben", sign);
  });
  const session = await ward.sessions.create({ manage: [ward.profile.user], read: [reader] });
  const common = bytesOf(PAGE_BYTES);
  const path = join(servers.directory, "document.sealed");
  const file = await open(path, "w");
  let size = 0;
  for await (const piece of document(common)) size += piece.length;
  const content = ReadableStream.from(document(common));
  for await (const piece of await ward.seal(session, content, { name: "archive.pdf", type: "application/pdf", size })) await file.write(piece);
  await file.close();

  const descriptor = openSync(path);
  try {
    files.files.set("/document", {
      size: statSync(path).size,
      etag: '"document"',
      bytes: (start, end) => {
        const bytes = Buffer.alloc(end - start);
        readSync(descriptor, bytes, 0, bytes.length, start);
        return bytes;
      },
    });
    assert.ok(files.files.get("/document").size > 500_000_000);
    const seen = await page.evaluate(async (address) => {
      // As a viewer does it: the end says where the table is, the table where the page is.
      const opened = await ward.open(await sdk.httpSource(address));
      const text = (bytes) => new TextDecoder("latin1").decode(bytes);
      const end = opened.size;
      const table = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text(await opened.range(end - 100, end)))[1]);
      const entries = table + "xref\n1 400\n".length;
      const entry = text(await opened.range(entries + 299 * 20, entries + 300 * 20));
      const begin = Number(entry.slice(0, 10));
      const head = "300 0 obj\n<< /Length 1310720 >>\nstream\n";
      const bytes = await opened.range(begin, begin + head.length + 1_310_720);
      return { name: opened.name, author: opened.author, verified: opened.verified, head: text(bytes.subarray(0, head.length)), number: new DataView(bytes.buffer, head.length).getUint32(0), hash: await hash(bytes.subarray(head.length)) };
    }, `${files.address}/document`);
    const wanted = Buffer.from(await crypto.subtle.digest("SHA-256", pageOf(300, common))).toString("hex");
    assert.deepEqual(
      [seen.name, seen.author, seen.verified, seen.number, seen.hash],
      ["archive.pdf", ward.profile.user, true, 300, wanted],
    );
    assert.match(seen.head, /^300 0 obj/);
    const travelled = files.sent;
    assert.ok(travelled < 8 << 20, `${travelled} bytes travelled`);
    console.log(`# page 300 of ${PAGES}: ${travelled} of ${files.files.get("/document").size} bytes in ${files.count("GET")} requests`);
  } finally {
    closeSync(descriptor);
  }
});

test("an upload from a page goes on after the connection broke, and after a reload", async () => {
  let cut = false;
  files.faults = ({ method, url }) => {
    if (method !== "PATCH" || files.files.get(url).offset < 1 << 20) return undefined;
    // In the middle of the second part; then the server is gone.
    if (cut) return { status: 503 };
    cut = true;
    return { cutAt: 100_000 };
  };
  const address = await page.evaluate(async (endpoint) => {
    const session = await ward.sessions.create({ manage: [ward.profile.user] });
    const sealed = await ward.seal(session, new File([new Uint8Array(5 << 20).fill(7)], "scan.bin"));
    // What an application keeps over a reload.
    const cache = await caches.open("outbox");
    await cache.put("/outbox/scan", new Response(sealed));
    let begun;
    const failure = await code(sdk.upload(endpoint, sealed, { partSize: 1 << 20, retryDelays: [0, 0], onBegin: (at) => (begun = at) }));
    return failure === "unavailable" ? begun : failure;
  }, `${files.address}/files`);
  assert.match(address, /^http:/);
  const before = files.content(address).length;
  assert.equal(before, (1 << 20) + 100_000, "what came before the break is kept");

  files.faults = () => undefined;
  await page.reload();
  const progress = await page.evaluate(async (address) => {
    const { upload } = await import("/sdk/index.js");
    const sealed = await (await (await caches.open("outbox")).match("/outbox/scan")).blob();
    const progress = [];
    await upload(address, sealed, { resume: address, partSize: 1 << 20, onProgress: (sent, size) => progress.push([sent, size]) });
    return progress;
  }, address);
  const sealed = files.content(address);
  assert.deepEqual(progress[0], [before, sealed.length]);
  assert.deepEqual(progress.at(-1), [sealed.length, sealed.length]);
  assert.equal((await Wardseal.inspect(sealed)).tenant, servers.tenant);
});
