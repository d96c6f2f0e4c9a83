// What the page asks of the application's own server. Nothing here is secret: sealed comments, names, the session's identifier.
import type { SignUpRequest } from "@wardseal/sdk";

import { ask, onRing } from "../kit/ask.js";

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

export const server = {
  config: () => ask<{ tenant: string; keys: string; vault: string }>("GET", "/config"),
  signUp: (request: SignUpRequest) => ask<string>("POST", "/sign-up", JSON.stringify(request)),
  /** Says that this person has keys now. */
  join: () => ask<void>("POST", "/join"),
  session: async () => (await ask<{ session?: string }>("GET", "/box")).session,
  /** Offers a session for the comments; gives the one that came first. */
  begin: (session: string) => ask<string>("POST", "/session", session),
  box: async () => {
    const { names, comments } = await ask<{ names: string[]; comments: string[] }>("GET", "/box");
    return { names, comments: comments.map(bytesOf) };
  },
  keep: (sealed: Uint8Array<ArrayBuffer>) => ask<void>("POST", "/comments", sealed),
  onRing,
};
