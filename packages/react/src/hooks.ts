import type { Change, Profile, Session } from "@wardseal/sdk";
import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

import { useShared } from "./provider.js";
import { Resource } from "./resource.js";
import type { Content, Form, Listed, Repeatable } from "./shared.js";
import type { Lookup } from "./state.js";

function useResource<T>(resource: Resource<T>): Lookup<T> {
  return useSyncExternalStore(resource.subscribe, resource.snapshot, resource.snapshot);
}

/** What is not asked for yet. */
const nothing = new Resource<never>({ load: () => new Promise(() => undefined) });

/**
 * Who is signed in here; `undefined` when nobody is. After `signUp`, `unlock` or `signOut` call `reload`; what another tab
 * does is noticed with the next thing that is looked up.
 */
export function useProfile(): Lookup<Profile | undefined> {
  return useResource(useShared().profile);
}

/** A session, looked up again whenever it changes. Whoever lost it gets the error `no_access`. `undefined` waits. */
export function useSession(id: string | undefined): Lookup<Session> {
  const shared = useShared();
  return useResource(id === undefined ? nothing : shared.session(id));
}

/** The sessions that this person may open, oldest first, looked up again whenever something changes. */
export function useSessions(listed: Listed = {}): Lookup<readonly Session[]> {
  return useResource(useShared().sessions(listed));
}

/**
 * The content of a sealed object. Whether this person may open it is asked again whenever a session changes; whoever
 * may not gets the error `no_access`. Keep the same `source` object from one rendering to the next; `undefined` waits.
 */
export function useOpened(source: Repeatable | undefined, options: { readonly as: "text" }): Lookup<Content<string>>;
export function useOpened(source: Repeatable | undefined, options: { readonly as: "blob" }): Lookup<Content<Blob>>;
export function useOpened(source: Repeatable | undefined, options: { readonly as: "bytes" }): Lookup<Content<Uint8Array<ArrayBuffer>>>;
/** JSON is whatever its author wrote: check it before you trust its form. */
export function useOpened<T = unknown>(source: Repeatable | undefined, options: { readonly as: "json" }): Lookup<Content<T>>;
export function useOpened(source: Repeatable | undefined, { as }: { readonly as: Form }): Lookup<Content<never>> {
  const shared = useShared();
  return useResource(source === undefined ? nothing : (shared.content(source, as) as Resource<Content<never>>));
}

/** Calls `callback` with every change of a session, a group or a user, after keys in doubt were dropped. */
export function useChanges(callback: (change: Change) => void): void {
  const shared = useShared();
  const onChange = useEffectEvent(callback);
  useEffect(() => shared.follow((change) => onChange(change)), [shared]);
}
