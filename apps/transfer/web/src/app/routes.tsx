import { CircleUserRound, type LucideIcon } from "lucide-react";
import { lazy, type ComponentType } from "react";

import type { PlainKey } from "../i18n/languages";

/** A screen of somebody who has signed in. */
export interface Screen {
  /** As wouter has it: `/cases/:id`. Addresses hold identifiers only, nothing of a patient. */
  readonly path: string;
  readonly component: ComponentType;
  /** Its place in the rail and the bottom bar. `g` and this letter go there. */
  readonly nav?: { readonly label: PlainKey; readonly icon: LucideIcon; readonly key: string };
}

/** Every screen, in the order of the rail. Each is a chunk of its own. The first with a place in the rail is the start. */
export const screens: readonly Screen[] = [
  { path: "/account", component: lazy(() => import("../features/account/AccountScreen")), nav: { label: "nav.account", icon: CircleUserRound, key: "a" } },
];
