// The same servers in a page, without any bundler.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
const IMPORTS = {
  "#load": "/testing/load-browser.js",
  "#platform": "/sdk/platform-browser.js",
  "@wardseal/sdk": "/sdk/index.js",
  "@wardseal/testing": "/testing/index.js",
};
const PAGE = `<!doctype html><title>tests</title><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;
const FOLDERS = { testing: new URL("../../dist/", import.meta.url), sdk: new URL("../../../sdk/dist/", import.meta.url) };

let server;
let browser;

before(async () => {
  server = createServer(async (request, response) => {
    const [, folder, ...rest] = new URL(request.url, "http://localhost").pathname.split("/");
    if (FOLDERS[folder] === undefined) return response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
    try {
      const content = await readFile(new URL(rest.join("/"), FOLDERS[folder]));
      response.writeHead(200, { "content-type": TYPES[extname(request.url)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"];
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium", args });
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

test("people seal and open, and the clock and the network are the test's", async () => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const seen = await page.evaluate(async () => {
    const { TestPlatform } = await import("@wardseal/testing");
    const code = (promise) => promise.then(() => "done", (error) => error.code ?? String(error));
    const platform = await TestPlatform.create({ seed: 3 });
    const anna = await platform.person("anna");
    const emil = await platform.person("emil");
    const session = await anna.sessions.create({ manage: [anna.profile.user], read: [emil.profile.user] });
    const sealed = await anna.seal(session, "a record");
    const first = await (await emil.open(sealed)).text();
    await anna.sessions.revoke(session, [emil.profile.user]);
    platform.faults.offline = true;
    const offline = await (await emil.open(sealed)).text();
    platform.faults.offline = false;
    platform.clock.advance({ minutes: 20 });
    const late = await code(emil.open(sealed));
    platform.faults.next({ code: "unavailable" });
    const refused = await code(anna.groups.list());
    const { tenant, requests } = platform;
    await platform.close();
    return { first, offline, late, refused, tenant, came: requests.length > 5 };
  });
  const { tenant, ...rest } = seen;
  assert.match(tenant, /^ten_/);
  assert.deepEqual(rest, { first: "a record", offline: "a record", late: "no_access", refused: "unavailable", came: true });
});
