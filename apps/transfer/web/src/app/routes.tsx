import { Building2, CircleUserRound, FolderOpen, Inbox, UsersRound, type LucideIcon } from "lucide-react";
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

/** The list of requests, and the same list beside the one that is looked at. */
const InboxScreen = lazy(() => import("../features/inbox/InboxScreen"));

/** Every screen, in the order of the rail. Each is a chunk of its own. */
export const screens: readonly Screen[] = [
  { path: "/cases", component: lazy(() => import("../features/cases/CasesScreen")), nav: { label: "nav.cases", icon: FolderOpen, key: "c" } },
  { path: "/cases/:id", component: lazy(() => import("../features/case/CaseScreen")) },
  { path: "/cases/:id/ask", component: lazy(() => import("../features/ask/AskScreen")) },
  { path: "/inbox", component: InboxScreen, nav: { label: "nav.inbox", icon: Inbox, key: "i" } },
  { path: "/inbox/:id", component: InboxScreen },
  { path: "/directory", component: lazy(() => import("../features/ask/DirectoryScreen")), nav: { label: "nav.directory", icon: Building2, key: "d" } },
  { path: "/team", component: lazy(() => import("../features/team/TeamScreen")), nav: { label: "nav.team", icon: UsersRound, key: "t" } },
  { path: "/waiting", component: lazy(() => import("../features/register/WaitingScreen")) },
  { path: "/account", component: lazy(() => import("../features/account/AccountScreen")), nav: { label: "nav.account", icon: CircleUserRound, key: "a" } },
];
