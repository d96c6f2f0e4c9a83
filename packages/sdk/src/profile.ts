/** How long keys of sessions are kept: not at all, or in memory or also in the store for so many milliseconds. */
export type CachePolicy = "off" | { readonly memory: number } | { readonly persistent: number };

/** Who is signed in here. */
export interface Profile {
  readonly tenant: string;
  readonly user: string;
  readonly device: string;
}
