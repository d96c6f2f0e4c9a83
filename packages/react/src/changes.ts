import type { Wardseal } from "@wardseal/sdk";

/** Something that others, or this person elsewhere, have changed. */
export interface Change {
  readonly kind: "session" | "group" | "user";
  readonly id: string;
}

interface Pushing {
  changes?(options: { signal: AbortSignal }): AsyncIterable<Change>;
}

/** What changes, as long as the client says so. */
export async function* changesOf(ward: Wardseal, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
  const pushed = (ward as Pushing).changes?.({ signal });
  if (pushed !== undefined) yield* pushed;
  else await new Promise((resolve) => signal.addEventListener("abort", resolve));
}
