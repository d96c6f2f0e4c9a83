import type { Wardseal } from "@wardseal/sdk";

import { api } from "../api/client";
import type { Content } from "./contents";
import { withPassword } from "./step-up";

/** Bytes to a multiple of which small contents are filled up, so that their length says little. */
const STEP = 4096;

/** What was opened, and by whom it was sealed: his device's signature is verified. */
export interface OpenedContent<C extends Content> {
  readonly content: C;
  /** `usr_…` */
  readonly author: string;
  /** By the author's clock. */
  readonly time: number;
}

/** Something sealed is not what it should be: for another session, of another kind, or damaged. */
export class ContentError extends Error {
  override readonly name = "ContentError";
}

/** A content as bytes, filled up with spaces, which JSON ignores. */
export function encode(content: Content): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  const padded = new Uint8Array(Math.ceil(bytes.length / STEP) * STEP).fill(0x20);
  padded.set(bytes);
  return padded;
}

/** Seals a content for a session. */
export function sealContent(ward: Wardseal, session: string, content: Content): Promise<Uint8Array<ArrayBuffer>> {
  // A team that somebody has left gets another key first, which a shared computer signs with the password only.
  return withPassword(() => ward.seal(session, encode(content), { type: "application/json" }));
}

/** Opens a content. It has to be of this session and kind: the server chooses which bytes it gives, not what they mean. */
export async function openContent<K extends Content["kind"]>(
  ward: Wardseal,
  sealed: Uint8Array,
  session: string,
  kind: K,
): Promise<OpenedContent<Extract<Content, { kind: K }>>> {
  const opened = await ward.open(sealed.buffer instanceof ArrayBuffer ? sealed : sealed.slice());
  if (opened.session !== session) throw new ContentError("it was sealed for another session");
  let content: unknown;
  try {
    content = JSON.parse(await opened.text());
  } catch (error) {
    if (error instanceof SyntaxError) throw new ContentError("it is no content of this application");
    throw error;
  }
  if (typeof content !== "object" || content === null || (content as Content).kind !== kind) throw new ContentError("it is a content of another kind");
  return { content: content as Extract<Content, { kind: K }>, author: opened.author, time: opened.time.getTime() };
}

/** Small blobs that are asked for within one moment travel together. */
const BATCH = 100;
const waiting = new Map<string, { resolve: (bytes: Uint8Array) => void; reject: (reason: unknown) => void }[]>();

function decodeBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

async function flush(): Promise<void> {
  const batch = [...waiting].slice(0, BATCH);
  for (const [id] of batch) waiting.delete(id);
  if (waiting.size > 0) queueMicrotask(() => void flush());
  try {
    const { blobs } = await api.blobs.fetch(batch.map(([id]) => id));
    for (const [id, callers] of batch) {
      const text = blobs[id];
      for (const caller of callers) {
        if (text === undefined) caller.reject(new ContentError("the server does not have it"));
        else caller.resolve(decodeBase64Url(text));
      }
    }
  } catch (error) {
    for (const [, callers] of batch) for (const caller of callers) caller.reject(error);
  }
}

/** Fetches a small blob, together with others that are wanted at the same time. */
export function fetchBlob(id: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const callers = waiting.get(id);
    if (callers !== undefined) return void callers.push({ resolve, reject });
    if (waiting.size === 0) setTimeout(() => void flush(), 0);
    waiting.set(id, [{ resolve, reject }]);
  });
}
