import { describe, expect, it } from "vitest";

import { listen, type Connection } from "./events";
import type { ServerEvent } from "./types";

/** A server whose streams the test feeds. */
function streams() {
  const opened: { lastEventId: string | undefined; controller: ReadableStreamDefaultController<Uint8Array> }[] = [];
  const waited: number[] = [];
  let arrived: (() => void) | undefined;
  return {
    opened,
    waited,
    /** Resolves when the stream of this number was asked for. */
    async at(number: number) {
      while (opened.length < number) await new Promise<void>((resolve) => (arrived = resolve));
      const stream = opened[number - 1];
      if (stream === undefined) throw new Error("it was not opened");
      return { ...stream, say: (text: string) => stream.controller.enqueue(new TextEncoder().encode(text)) };
    },
    means: {
      open: async (lastEventId: string | undefined) => {
        let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
        const stream = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
        if (controller !== undefined) opened.push({ lastEventId, controller });
        arrived?.();
        return stream;
      },
      wait: async (milliseconds: number) => void waited.push(milliseconds),
    },
  };
}

function listener() {
  const events: ServerEvent[] = [];
  const connections: Connection[] = [];
  let reloads = 0;
  let heard: (() => void) | undefined;
  return {
    events,
    connections,
    reloads: () => reloads,
    async until(done: () => boolean) {
      while (!done()) await new Promise<void>((resolve) => (heard = resolve));
    },
    onEvent: (event: ServerEvent) => {
      events.push(event);
      heard?.();
    },
    onReload: () => {
      reloads++;
      heard?.();
    },
    onConnection: (connection: Connection) => {
      connections.push(connection);
      heard?.();
    },
  };
}

describe("events of the server", () => {
  it("tells what concerns the caller and goes on after the last one when the connection breaks", async () => {
    const server = streams();
    const told = listener();
    const events = listen(told, server.means);
    const first = await server.at(1);
    expect(first.lastEventId).toBeUndefined();
    first.say(': beat\n\nevent: request\nid: 41\nda');
    first.say('ta: {"id":"R","case":"C","version":3}\n\nevent: other\ndata: {}\n\nevent: case\nid: 42\ndata: not json\n\n');
    await told.until(() => told.events.length === 1);
    expect(told.events).toEqual([{ kind: "request", id: "R", case: "C", version: 3 }]);

    first.controller.close();
    const second = await server.at(2);
    // What could not be read has been heard all the same: it is not told for ever.
    expect(second.lastEventId).toBe("42");
    second.say('event: case\nid: 43\ndata: {"id":"C","case":"C","version":4}\n\n');
    await told.until(() => told.events.length === 2);
    expect(told.connections).toEqual(["connecting", "open", "lost", "lost", "open"]);

    second.controller.error(new TypeError("network"));
    expect((await server.at(3)).lastEventId).toBe("43");
    events.close();
  });

  it("waits longer each time, and says when everything has to be asked again", async () => {
    const server = streams();
    const told = listener();
    const events = listen(told, server.means);
    for (let number = 1; number <= 8; number++) (await server.at(number)).controller.error(new TypeError("network"));
    const last = await server.at(9);
    expect(Math.max(...server.waited)).toBeLessThanOrEqual(30_000);
    expect(server.waited[0]).toBeLessThanOrEqual(1_000);
    expect(server.waited.at(-1)).toBeGreaterThan(10_000);
    last.say("event: reload\ndata: {}\n\n");
    await told.until(() => told.reloads() === 1);
    events.close();
  });
});
