import { createParser } from "eventsource-parser";

import { send } from "./client";
import type { ServerEvent } from "./types";

/** Milliseconds without a sign of life after which a stream counts as lost: the server gives one every 15 s. */
const SILENCE = 40_000;
/** Milliseconds before the first further attempt, and at most. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

export type Connection = "connecting" | "open" | "lost";

export interface Listener {
  readonly onEvent: (event: ServerEvent) => void;
  /** What was missed is not known any more: everything has to be asked again. */
  readonly onReload: () => void;
  /** `open` after `lost` means: what was missed has been or will be told, from the last event on. */
  readonly onConnection: (connection: Connection) => void;
}

export interface Events {
  /** Tries at once instead of waiting. */
  reconnect(): void;
  close(): void;
}

interface Means {
  readonly open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** `fetch` instead of `EventSource`: that one cannot say where to go on after it has given up. */
const real: Means = {
  async open(lastEventId, signal) {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
    const response = await send("/api/events", { headers, signal, timeout: null });
    return response.body ?? new ReadableStream();
  },
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

function parse(kind: string | undefined, data: string): ServerEvent | undefined {
  if (kind !== "request" && kind !== "case" && kind !== "revocation" && kind !== "help") return undefined;
  try {
    const { id, case: of, version } = JSON.parse(data) as Partial<ServerEvent>;
    return typeof id === "string" ? { kind, id, case: of ?? "", version: version ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}

/** Listens to the server until it is closed: goes on after the last event when the connection comes back. */
export function listen(listener: Listener, means: Means = real): Events {
  const life = new AbortController();
  let lastEventId: string | undefined;
  let pause = new AbortController();

  const readOnce = async (): Promise<void> => {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    life.signal.addEventListener("abort", stop);
    let silence = setTimeout(stop, SILENCE);
    try {
      const stream = await means.open(lastEventId, attempt.signal);
      listener.onConnection("open");
      const parser = createParser({
        onEvent(message) {
          if (message.id !== undefined) lastEventId = message.id;
          if (message.event === "reload") return listener.onReload();
          const event = parse(message.event, message.data);
          if (event !== undefined) listener.onEvent(event);
        },
      });
      const decoder = new TextDecoder();
      const reader = stream.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(stop, SILENCE);
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(silence);
      life.signal.removeEventListener("abort", stop);
    }
  };

  const run = async (): Promise<void> => {
    let wait = FIRST_WAIT;
    let opened = false;
    while (!life.signal.aborted) {
      const before = Date.now();
      try {
        listener.onConnection(opened ? "lost" : "connecting");
        await readOnce();
      } catch {
        // What went wrong matters less than going on; a refusal comes again with the next request.
      }
      opened = true;
      if (life.signal.aborted) return;
      listener.onConnection("lost");
      // A connection that held for a while begins again quickly.
      if (Date.now() - before > LONGEST_WAIT) wait = FIRST_WAIT;
      pause = new AbortController();
      const stop = pause;
      life.signal.addEventListener("abort", () => stop.abort(), { once: true });
      await means.wait(wait * (0.5 + Math.random() / 2), pause.signal);
      wait = pause.signal.aborted ? FIRST_WAIT : Math.min(wait * 2, LONGEST_WAIT);
    }
  };
  void run();
  return { reconnect: () => pause.abort(), close: () => life.abort() };
}
