// What the page asks of the application's own server, which is that of examples/comments. Nothing here is secret.
import type { SignUpRequest } from "@wardseal/sdk";
import { useEffect, useState } from "react";

import { ask } from "../kit/ask.js";

/** What the server has. */
export interface Box {
  readonly config: { readonly tenant: string; readonly keys: string; readonly vault: string };
  /** Who has keys. */
  readonly names: readonly string[];
  readonly session: string | undefined;
  readonly comments: readonly Uint8Array<ArrayBuffer>[];
}

export const server = {
  signUp: (request: SignUpRequest) => ask<string>("POST", "/sign-up", JSON.stringify(request)),
  /** Says that this person has keys now. */
  join: () => ask<void>("POST", "/join"),
  /** Offers a session for the comments. */
  begin: (session: string) => ask<string>("POST", "/session", session),
  keep: (sealed: Uint8Array<ArrayBuffer>) => ask<void>("POST", "/comments", sealed),
};

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** The box as it is now. What was there already stays the same object, so that no comment is opened twice. */
async function read(before: Box | undefined): Promise<Box> {
  const config = before?.config ?? (await ask<Box["config"]>("GET", "/config"));
  const { names, session, comments } = await ask<{ names: string[]; session?: string; comments: string[] }>("GET", "/box");
  const same = before?.names.length === names.length;
  return { config, session, names: same ? before.names : names, comments: comments.map((text, at) => before?.comments[at] ?? bytesOf(text)) };
}

/** The box, read again whenever the server says that something is new. */
export function useBox(me: string): { box: Box | undefined; error: Error | undefined } {
  const [state, setState] = useState<{ box: Box | undefined; error: Error | undefined }>({ box: undefined, error: undefined });
  useEffect(() => {
    if (me === "") return;
    let box: Box | undefined;
    let last: Promise<unknown> = Promise.resolve();
    let current = true;
    const look = () => {
      last = last.then(async () => {
        try {
          box = await read(box);
          if (current) setState({ box, error: undefined });
        } catch (error) {
          if (current) setState({ box, error: error as Error });
        }
      });
    };
    const events = new EventSource("/events");
    events.onopen = look;
    events.onmessage = look;
    events.onerror = look;
    return () => {
      current = false;
      events.close();
    };
  }, [me]);
  return state;
}
