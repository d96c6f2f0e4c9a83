// What the page asks of the application's own server.
import type { SignUpRequest } from "@wardseal/sdk";

import { ask, headers, onRing } from "../kit/ask.js";

export { headers };

export const server = {
  config: () => ask<{ tenant: string; keys: string; vault: string }>("GET", "/config"),
  signUp: (request: SignUpRequest) => ask<string>("POST", "/sign-up", JSON.stringify(request)),
  /** Says that this person has keys now. */
  join: () => ask<void>("POST", "/join"),
  session: async () => (await ask<{ session?: string }>("GET", "/box")).session,
  /** Offers a session for the files; gives the one that came first. */
  begin: (session: string) => ask<string>("POST", "/session", session),
  /** Who has keys, and where complete files are. */
  box: () => ask<{ names: string[]; addresses: string[] }>("GET", "/box"),
  remove: (address: string) => ask<void>("DELETE", address),
  onRing,
};
