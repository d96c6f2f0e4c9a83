// What goes over the wire, in both directions: a proxy between the browsers and the servers that keeps a copy.
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Headers that belong to one connection. */
const HOPS = new Set(["connection", "proxy-connection", "keep-alive", "transfer-encoding", "accept-encoding"]);

export class Capture {
  readonly #server: Server;
  /** Each request and each answer: first line, headers and body. */
  readonly messages: { readonly what: string; readonly head: string; readonly body: Buffer[] }[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Capture> {
    const server = createServer();
    const capture = new Capture(server);
    server.on("request", (incoming, outgoing) => {
      const url = incoming.url ?? "";
      // Bodies are not compressed, so that they can be searched.
      const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !HOPS.has(name)));
      const keep = (what: string, head: object): Buffer[] => {
        const body: Buffer[] = [];
        capture.messages.push({ what, head: `${what}\n${JSON.stringify(head)}`, body });
        return body;
      };
      const sent = keep(`${incoming.method} ${url}`, incoming.headers);
      const onwards = request(url, { method: incoming.method, headers: { ...headers, ...(incoming.headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" }) } }, (answer) => {
        const received = keep(`${answer.statusCode} of ${incoming.method} ${url}`, answer.headers);
        outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !HOPS.has(name))));
        answer.on("data", (part: Buffer) => {
          received.push(part);
          outgoing.write(part);
        });
        answer.on("end", () => outgoing.end());
        answer.on("error", () => outgoing.destroy());
      });
      incoming.on("data", (part: Buffer) => {
        sent.push(part);
        onwards.write(part);
      });
      incoming.on("end", () => onwards.end());
      onwards.on("error", () => outgoing.destroy());
      outgoing.on("close", () => onwards.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return capture;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
