// Sealed files in a folder: uploads by the protocol tus 1.0.0, and reading by ranges. docs/guides/files.md has both protocols.
import { randomUUID } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { open, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Refused } from "../kit/application.mjs";

/** Nobody needs more here. */
const LONGEST = 1 << 30;
/** What nobody has finished for so long is forgotten, in milliseconds. */
const PATIENCE = 3 * 86_400_000;
const TUS = { "tus-resumable": "1.0.0", "cache-control": "no-store" };

/** The routes below `/files`. `folder` keeps for each file what has arrived, and its length. */
export function filesIn(folder) {
  mkdirSync(folder, { recursive: true });
  const writing = new Set();
  const place = (id) => join(folder, id);
  const lengthOf = async (id) => JSON.parse(await readFile(`${place(id)}.json`, "utf8")).length;
  const arrived = async (id) => (await stat(place(id))).size;

  /** The file that an address names. */
  async function named(url) {
    const id = url.pathname.slice("/files/".length);
    if (!/^[0-9a-f-]{36}$/.test(id)) throw new Refused(404, "There is no such file.");
    try {
      return { id, length: await lengthOf(id), at: await arrived(id) };
    } catch (error) {
      if (error.code === "ENOENT") throw new Refused(404, "There is no such file.");
      throw error;
    }
  }

  async function append(id, at, most, request) {
    const file = await open(place(id), "r+");
    try {
      for await (const chunk of request) {
        if (at + chunk.length > most) throw new Refused(413, "That is more than was announced.");
        await file.write(chunk, 0, chunk.length, at);
        at += chunk.length;
      }
    } catch (error) {
      // What arrived before a break stays.
      if (error.code !== "ECONNRESET") throw error;
    } finally {
      await file.close();
    }
    return at;
  }

  const number = (request, header) => {
    const value = Number(request.headers[header] ?? NaN);
    if (!Number.isSafeInteger(value) || value < 0) throw new Refused(400, `${header} is a number of bytes.`);
    return value;
  };
  const speaksTus = (request) => {
    if (request.headers["tus-resumable"] !== "1.0.0") throw new Refused(412, "This server speaks tus 1.0.0.");
  };

  /** Where complete files are, the oldest first. */
  async function complete() {
    const names = (await readdir(folder)).filter((name) => !name.endsWith(".json"));
    const found = await Promise.all(
      names.map(async (id) => {
        const [{ size, birthtimeMs }, length] = await Promise.all([stat(place(id)), lengthOf(id)]);
        return { id, birthtimeMs, whole: size === length };
      }),
    );
    const forgotten = found.filter(({ whole, birthtimeMs }) => !whole && birthtimeMs < Date.now() - PATIENCE);
    await Promise.all(forgotten.map(({ id }) => remove(id)));
    return found.filter(({ whole }) => whole).sort((a, b) => a.birthtimeMs - b.birthtimeMs).map(({ id }) => `/files/${id}`);
  }

  const remove = (id) => Promise.all([rm(place(id), { force: true }), rm(`${place(id)}.json`, { force: true })]);

  const routes = {
    "POST /files": async ({ request, response }) => {
      speaksTus(request);
      const length = number(request, "upload-length");
      if (length > LONGEST) throw new Refused(413, "Files here are at most one gigabyte.");
      const id = randomUUID();
      await writeFile(`${place(id)}.json`, JSON.stringify({ length }));
      await writeFile(place(id), "");
      response.writeHead(201, { ...TUS, location: `/files/${id}` }).end();
      return null;
    },
    "HEAD /files": async ({ request, response, url }) => {
      speaksTus(request);
      const { length, at } = await named(url);
      response.writeHead(200, { ...TUS, "upload-offset": at, "upload-length": length }).end();
      return null;
    },
    "PATCH /files": async ({ request, response, url, ring }) => {
      speaksTus(request);
      const { id, length, at } = await named(url);
      if (number(request, "upload-offset") !== at) throw new Refused(409, "The upload stands at another place.");
      if (writing.has(id)) throw new Refused(423, "This upload is being written just now.");
      writing.add(id);
      try {
        const next = await append(id, at, length, request);
        if (next === length) ring();
        response.writeHead(204, { ...TUS, "upload-offset": next }).end();
      } finally {
        writing.delete(id);
      }
      return null;
    },
    "GET /files": async ({ request, response, url }) => {
      const { id, length, at } = await named(url);
      if (at !== length) throw new Refused(404, "There is no such file.");
      // A file never changes, so its name is its version.
      const headers = { "content-type": "application/octet-stream", "accept-ranges": "bytes", etag: `"${id}"`, "cache-control": "private, no-cache" };
      const expected = request.headers["if-match"];
      if (expected !== undefined && expected !== headers.etag) throw new Refused(412, "The file has changed.");
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
      const [start, end] = range === null ? [0, length] : [Number(range[1]), range[2] === "" ? length : Math.min(Number(range[2]) + 1, length)];
      if (range !== null && start >= end) {
        response.writeHead(416, { "content-range": `bytes */${length}` }).end();
        return null;
      }
      const partial = range === null ? {} : { "content-range": `bytes ${start}-${end - 1}/${length}` };
      response.writeHead(range === null ? 200 : 206, { ...headers, ...partial, "content-length": end - start });
      if (end > start) createReadStream(place(id), { start, end: end - 1 }).on("error", () => response.destroy()).pipe(response);
      else response.end();
      return null;
    },
    "DELETE /files": async ({ url, ring }) => {
      await remove((await named(url)).id);
      ring();
    },
  };
  return { routes, complete };
}
