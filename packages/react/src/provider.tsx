import { Wardseal, type Options } from "@wardseal/sdk";
import { createContext, use, useState, useSyncExternalStore, type ReactNode } from "react";

import { Resource } from "./resource.js";
import { sharedOf, type Shared } from "./shared.js";
import type { Lookup } from "./state.js";

const Context = createContext<Shared | undefined>(undefined);

/** A client that the application has opened, or options by which the provider opens one. */
export type WardsealProviderProps = { readonly children?: ReactNode } & (
  | { readonly ward: Wardseal; readonly options?: undefined; readonly fallback?: undefined }
  | {
      readonly ward?: undefined;
      /** Read once, when the provider is mounted: to open another client, give the provider another `key`. */
      readonly options: Options;
      /**
       * What is shown until the client is open. A function is also told when that failed; without one the error goes to
       * the nearest error boundary.
       */
      readonly fallback?: ReactNode | ((opening: Lookup<Wardseal>) => ReactNode);
    }
);

/** Gives the hooks below it their client. One that it has opened itself it closes when it is unmounted. */
export function WardsealProvider(props: WardsealProviderProps): ReactNode {
  if (props.ward !== undefined) return <Context value={sharedOf(props.ward)}>{props.children}</Context>;
  return <Opening {...props} />;
}

function Opening({ options, fallback, children }: Extract<WardsealProviderProps, { options: Options }>): ReactNode {
  const [resource] = useState(
    () =>
      new Resource<Wardseal>({
        load: (signal) => Wardseal.open(options, { signal }),
        release: (ward) => void ward.close().catch(() => undefined),
      }),
  );
  const opening = useSyncExternalStore(resource.subscribe, resource.snapshot, resource.snapshot);
  if (opening.status === "ready") return <Context value={sharedOf(opening.data)}>{children}</Context>;
  if (typeof fallback === "function") return fallback(opening);
  if (opening.status === "error") throw opening.error;
  return fallback;
}

export function useShared(): Shared {
  const shared = use(Context);
  if (shared === undefined) throw new Error("this hook is used below a WardsealProvider only");
  return shared;
}

/** The client of the nearest provider. */
export function useWardseal(): Wardseal {
  return useShared().ward;
}
