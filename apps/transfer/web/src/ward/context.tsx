import { createContext, use, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";

import type { Keeper, OpenState, WardState } from "./keeper";

const Context = createContext<Keeper | undefined>(undefined);

/** Gives the page the keeper of its keys. */
export function WardProvider({ keeper, children }: { readonly keeper: Keeper; readonly children: ReactNode }) {
  useEffect(() => {
    void keeper.start();
  }, [keeper]);
  return <Context value={keeper}>{children}</Context>;
}

/** The keeper: to unlock, lock and sign out. */
export function useKeeper(): Keeper {
  const keeper = use(Context);
  if (keeper === undefined) throw new Error("useKeeper is for what stands inside a WardProvider");
  return keeper;
}

/** Whether keys are at hand. */
export function useWardState(): WardState {
  const keeper = useKeeper();
  return useSyncExternalStore(keeper.subscribe, () => keeper.state);
}

/** The SDK's client, who is signed in, and the server's configuration. For screens that are shown only when somebody is. */
export function useWard(): OpenState {
  const state = useWardState();
  const last = useMemo(() => ({ open: undefined as OpenState | undefined }), []);
  if (state.status === "open") last.open = state;
  // While the page is being locked, screens that are about to go see what they saw last.
  if (last.open === undefined) throw new Error("useWard is for what is shown to somebody who has signed in");
  return last.open;
}
