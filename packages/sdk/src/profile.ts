import type { StateStore } from "./store.js";

/**
 * How long keys of sessions are kept: not at all, or in memory or also in the store for so many milliseconds. `store` keeps
 * them apart from the rest of the state: who loses it loses nothing but time.
 */
export type CachePolicy = "off" | { readonly memory: number } | { readonly persistent: number; readonly store?: StateStore };

/** Who is signed in here. */
export interface Profile {
  readonly tenant: string;
  readonly user: string;
  readonly device: string;
}
