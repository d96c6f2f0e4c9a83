// What the servers of the examples have in common: a built page with its content security policy, routes, and a bell for open pages.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm" };

/** Scripts and workers of this server alone, WebAssembly, and requests to this server, the key server and the vault. */
const policy = ({ keys, vault }) =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    `connect-src 'self' ${keys} ${vault}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

/** Thrown by a route: the status, and a sentence for the person. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The body of a request, up to `limit` bytes. */
export async function bodyOf(request, limit = 1 << 20) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > limit) throw new Refused(413, "That is too long.");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/**
 * Serves the page in `page` and `routes`: `"POST /comments": ({ request, response, url, name, ring }) => answer`. An answer is sent as JSON;
 * a route that writes to `response` itself gives `null`. `name` is who is logged in, `ring()` tells all open pages to look again.
 */
export async function startApplication({ page, platform, routes, port = Number(process.env.PORT ?? 8080) }) {
  const listeners = new Set();
  const ring = () => listeners.forEach((listener) => listener.write("data: look\n\n"));
  const headers = { "content-security-policy": policy(platform), "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };

  const answer = async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/events") {
      listeners.add(response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" }));
      response.on("close", () => listeners.delete(response)).write(": open\n\n");
      return;
    }
    const [path] = /^\/[^/]*/.exec(url.pathname);
    const route = routes[`${request.method} ${path}`];
    if (route === undefined) return sendFile(url.pathname, response, headers, page);
    // This stands for your login: a session cookie, a token of your identity provider.
    const name = request.headers.authorization === undefined ? undefined : decodeURIComponent(request.headers.authorization.replace("Name ", ""));
    if (name === undefined && path !== "/config") throw new Refused(401, "Log in first.");
    const given = await route({ request, response, url, name, ring });
    if (given === null) return;
    if (given === undefined) response.writeHead(204).end();
    else response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" }).end(JSON.stringify(given));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      if (!(error instanceof Refused)) console.error(error);
      if (response.headersSent) return response.destroy();
      const message = error instanceof Refused ? error.message : "The server made a mistake. Try again.";
      response.writeHead(error.status ?? 500, { "content-type": "application/json" }).end(JSON.stringify({ message }));
    });
  });
  await new Promise((resolve, reject) => {
    server.once("error", (error) => reject(error.code === "EADDRINUSE" ? new Error(`something else uses port ${port}: choose another by PORT`) : error));
    server.listen(port, "127.0.0.1", resolve);
  });
  console.log(`open http://127.0.0.1:${server.address().port}`);
}

async function sendFile(path, response, headers, folder) {
  const file = join(folder, normalize(decodeURIComponent(path)), path.endsWith("/") ? "index.html" : "");
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new Refused(404, "There is no such page.");
  const kept = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  response.writeHead(200, { ...headers, "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-length": found.size, "cache-control": kept });
  createReadStream(file).pipe(response);
}
