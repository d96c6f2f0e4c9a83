// A server that takes files by tus and gives them by ranges, with every fault that tests want of it. Over loopback.
import { createServer } from "node:http";

/**
 * `faults` decides before a request is answered: `{ status, headers }` answers so, `{ cutAt }` breaks the connection after as many bytes of
 * the body (that came for PATCH, that go for GET), `{ mute: true }` never answers.
 */
export async function startFiles({ ranges = true, etags = true, crossOrigin = false } = {}) {
  const files = new Map();
  const asked = [];
  let next = 1;
  const state = { files, asked, sent: 0, faults: () => undefined, location: (path) => path };

  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    asked.push({ method, url, headers });
    if (crossOrigin) {
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("access-control-allow-methods", "GET, HEAD, POST, PATCH");
      response.setHeader("access-control-allow-headers", "tus-resumable, upload-length, upload-defer-length, upload-offset, content-type, range, if-match");
      response.setHeader("access-control-expose-headers", "location, upload-offset, upload-length, content-range, etag");
      if (method === "OPTIONS") return response.writeHead(204).end();
    }
    const fault = state.faults(request, asked.length) ?? {};
    if (fault.mute) return;
    if (fault.status !== undefined) return response.writeHead(fault.status, fault.headers ?? {}).end();
    const tus = { "tus-resumable": "1.0.0", "cache-control": "no-store" };
    const file = files.get(url);
    if (method === "POST") {
      const path = `${url}/${next++}`;
      const length = headers["upload-length"];
      files.set(path, { parts: [], offset: 0, length: length === undefined ? undefined : Number(length) });
      return response.writeHead(201, { ...tus, location: state.location(path) }).end();
    }
    if (file === undefined) return response.writeHead(404).end();
    const length = file.length === undefined ? {} : { "upload-length": String(file.length) };
    if (method === "HEAD") return response.writeHead(200, { ...tus, ...length, "upload-offset": String(file.offset) }).end();
    if (method === "PATCH") {
      if (headers["content-type"] !== "application/offset+octet-stream") return response.writeHead(415).end();
      if (Number(headers["upload-offset"]) !== file.offset) return response.writeHead(409).end();
      if (headers["upload-length"] !== undefined) file.length = Number(headers["upload-length"]);
      let came = 0;
      try {
        for await (const part of request) {
          const kept = part.subarray(0, (fault.cutAt ?? Infinity) - came);
          file.parts.push(kept);
          file.offset += kept.length;
          came += kept.length;
          if (came === fault.cutAt) return request.destroy();
        }
      } catch {
        // The client broke it off: what came stays.
        return;
      }
      if (fault.loseAnswer) return request.socket.destroy();
      return response.writeHead(204, { ...tus, "upload-offset": String(file.offset) }).end();
    }
    return give(file, request, response, fault);
  });

  function give(file, request, response, fault) {
    const { size, bytes } = file.bytes === undefined ? whole(file) : file;
    const tag = etags ? { etag: file.etag ?? '"1"' } : {};
    if (request.headers["if-match"] !== undefined && request.headers["if-match"] !== tag.etag) return response.writeHead(412).end();
    const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    let [start, end] = [0, size];
    if (ranges && asked !== null) {
      [start, end] = [Number(asked[1]), Math.min(Number(asked[2]) + 1, size)];
      if (start >= size) return response.writeHead(416, { "content-range": `bytes */${size}` }).end();
      response.writeHead(206, { ...tag, "content-range": `bytes ${start}-${end - 1}/${size}`, "content-length": end - start });
    } else {
      response.writeHead(200, { ...tag, "content-length": size });
    }
    const content = bytes(start, end);
    state.sent += content.length;
    if (fault.cutAt === undefined) return response.end(content);
    response.write(content.subarray(0, fault.cutAt), () => request.destroy());
  }

  function whole(file) {
    const content = Buffer.concat(file.parts);
    return { size: content.length, bytes: (start, end) => content.subarray(start, end) };
  }

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    address: `http://127.0.0.1:${server.address().port}`,
    /** Puts bytes at a path; `etag` is theirs. */
    put(path, content, etag = '"1"') {
      files.set(path, { size: content.length, bytes: (start, end) => Buffer.from(content.subarray(start, end)), etag });
    },
    /** What was uploaded to an address. */
    content: (address) => Buffer.concat(files.get(new URL(address).pathname).parts),
    /** Requests of one kind so far. */
    count: (method) => asked.filter((request) => request.method === method).length,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
