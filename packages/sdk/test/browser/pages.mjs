// Pages of an application in Chromium: a small server with the SDK and a place for objects, and isolated browser profiles.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".css": "text/css" };

// What a careful application sends: no inline scripts but the import map, WebAssembly, its own servers.
const POLICY = "default-src 'none'; script-src 'self' 'nonce-map' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' http://127.0.0.1:*";
const PAGE = `<!doctype html>
<title>application</title>
<script type="importmap" nonce="map">{ "imports": { "#platform": "/sdk/platform-browser.js" } }</script>`;

function fileOf(path, root, bench) {
  if (root !== undefined) return join(root, path === "/" ? "index.html" : path);
  if (path.startsWith("/sdk/")) return join(DIST, path.slice(5));
  if (bench !== undefined && path.startsWith("/bench/")) return join(bench, path.slice(7));
  return undefined;
}

/** Serves `root` (by default the SDK below `/sdk/` and an empty page) and keeps what is put below `/objects/`. */
export async function startApplication({ root, bench, policy = POLICY } = {}) {
  const objects = new Map();
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    if (path.startsWith("/objects/")) {
      if (request.method === "PUT") {
        const parts = [];
        for await (const part of request) parts.push(part);
        objects.set(path, Buffer.concat(parts));
        return response.writeHead(204).end();
      }
      const object = objects.get(path);
      return object ? response.writeHead(200, { "content-length": object.length }).end(object) : response.writeHead(404).end();
    }
    try {
      const file = fileOf(path, root, bench);
      const content = file === undefined ? PAGE : await readFile(file);
      const type = file === undefined ? TYPES[".html"] : (TYPES[extname(file)] ?? "application/octet-stream");
      response.writeHead(200, { "content-type": type, ...(policy ? { "content-security-policy": policy } : {}) }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    objects,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Opens the application in a tab. There `ward` opens a client, `sign` asks the application's server for a token. */
export async function openTab(context, application, servers) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`the page failed: ${error.stack}`));
  page.on("console", (message) => message.type() === "error" && console.error(`the page says: ${message.text()}`));
  await page.exposeFunction("sign", servers.sign);
  await page.goto(application.address);
  await prepare(page, servers);
  return page;
}

/** Gives the page what the tests call. */
export async function prepare(page, { tenant, keys, vault }) {
  await page.evaluate(
    async (options) => {
      const sdk = await import("/sdk/index.js");
      globalThis.sdk = sdk;
      globalThis.openWard = (more = {}) => sdk.Wardseal.open({ ...options, ...more });
      globalThis.code = async (promise) => {
        try {
          await promise;
          return "done";
        } catch (error) {
          return error.code ?? error.stack;
        }
      };
      globalThis.hash = async (bytes) => {
        const digest = await crypto.subtle.digest("SHA-256", bytes);
        return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
      };
      // The longest time for which the page did nothing else, in milliseconds.
      globalThis.longestPause = async (work) => {
        let longest = 0;
        let last = performance.now();
        const timer = setInterval(() => {
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }, 5);
        const begin = performance.now();
        await work();
        const whole = performance.now() - begin;
        clearInterval(timer);
        return { longest: Math.max(longest, performance.now() - last), whole };
      };
    },
    { tenant, keys, vault },
  );
}
