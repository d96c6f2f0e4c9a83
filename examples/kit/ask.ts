// Requests to the application's own server, with the login of this tab.
import { name } from "./page.js";

/** What stands for the login. */
export const headers = () => ({ authorization: `Name ${encodeURIComponent(name())}` });

export async function ask<T>(method: string, path: string, body?: BodyInit): Promise<T> {
  const answer = await fetch(path, { method, headers: headers(), ...(body === undefined ? {} : { body }) }).catch(() => {
    throw new Error("The server does not answer. Try again when you are connected.");
  });
  const given: unknown = answer.status === 204 ? undefined : await answer.json();
  if (!answer.ok) throw new Error((given as { message: string }).message);
  return given as T;
}

/** Calls `look` whenever the server says that something is new. */
export function onRing(look: () => Promise<void>): void {
  new EventSource("/events").onmessage = () => void look();
}
