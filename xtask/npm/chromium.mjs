// Runs a page in headless Chromium and returns what it reports. Nothing is downloaded and no driver is needed: the
// page is served on the loopback interface and posts its answer back.
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/**
 * Opens `page` (HTML) with the files below `root` beside it, and what is `made` (path → text) beside these, and resolves
 * with the JSON that the page sends to `POST /report`. Rejects when the page reports an error (`POST /error`), when the
 * browser ends, or after `limit` milliseconds.
 */
export async function inChromium({ root, page, made = {}, limit = 300_000 }) {
  const texts = new Map(Object.entries({ ...made, "/": page }));
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  let server;
  let browser;
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the page did not report within ${limit / 1000} s`)), limit);
      timer.unref();
      server = createServer((request, response) => {
        serve(root, texts, request, response, resolve, reject).catch(reject);
      });
      server.listen(0, "127.0.0.1", () => {
        browser = start(profile, `http://127.0.0.1:${server.address().port}/`, reject);
      });
    });
  } finally {
    server?.close();
    server?.closeAllConnections();
    await end(browser);
    // The browser's own children may still be writing for a moment.
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

async function serve(root, texts, request, response, resolve, reject) {
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  if (request.method === "POST") {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    response.writeHead(204).end();
    if (path === "/report") resolve(JSON.parse(text));
    else reject(new Error(`the page failed: ${text}`));
    return;
  }
  const text = texts.get(path);
  if (text !== undefined) {
    response.writeHead(200, { "content-type": `${TYPES[extname(path)] ?? "text/html"}; charset=utf-8` }).end(text);
    return;
  }
  const file = join(root, normalize(path));
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const type = TYPES[extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { "content-type": type, "content-length": found.size, "cache-control": "no-store" });
  createReadStream(file).pipe(response);
}

function start(profile, address, reject) {
  const options = [
    "--headless=new",
    `--user-data-dir=${profile}`,
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
  ];
  // Chromium refuses its sandbox to root; the page is ours.
  if (process.getuid?.() === 0) options.push("--no-sandbox");
  const browser = spawn(process.env.CHROMIUM_BIN ?? "chromium", [...options, address], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  browser.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-4000);
  });
  browser.on("error", reject);
  browser.on("exit", (code) => reject(new Error(`the browser ended (${code}):\n${said}`)));
  return browser;
}

async function end(browser) {
  if (!browser || browser.exitCode !== null || browser.signalCode !== null || browser.pid === undefined) return;
  const gone = new Promise((resolve) => browser.once("exit", resolve));
  browser.kill("SIGTERM");
  const timer = setTimeout(() => browser.kill("SIGKILL"), 3000);
  await gone;
  clearTimeout(timer);
}
