import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { Compass, OctagonAlert, UserRoundPlus } from "lucide-react";
import { lazy, Suspense, useEffect, type ReactNode } from "react";
import { RouterProvider } from "react-aria-components";
import { Route, Switch, useLocation } from "wouter";

import { Button, Empty, LinkButton, Skeleton, Toasts } from "../design";
import { Start } from "../features/inbox/Start";
import { registration } from "../features/register/registering";
import { CompareNumber } from "../features/team/CompareNumber";
import { I18nProvider, useI18n } from "../i18n/context";
import type { Language } from "../i18n/languages";
import { useKeeper, useWard, useWardState, WardProvider } from "../ward/context";
import type { Keeper } from "../ward/keeper";
import { OutboxProvider, useOutbox } from "../ward/OutboxProvider";
import { useRevocationWork } from "../ward/revocations";
import { ErrorBoundary } from "./ErrorBoundary";
import { FacilityProvider } from "./facility";
import { LiveProvider, useConnection } from "./live";
import { screens } from "./routes";
import { Shell } from "./Shell";

const UnlockScreen = lazy(() => import("../features/unlock/UnlockScreen"));
const RegisterFacility = lazy(async () => ({ default: (await import("../features/register/RegisterFacility")).RegisterFacility }));
const StepUp = lazy(async () => ({ default: (await import("./StepUp")).StepUp }));

export interface AppProps {
  readonly language: Language;
  readonly keeper: Keeper;
  readonly client: QueryClient;
}

/** The page. */
export function App({ language, keeper, client }: AppProps) {
  const [, navigate] = useLocation();
  return (
    <I18nProvider initial={language}>
      <RouterProvider navigate={navigate}>
        <ErrorBoundary fallback={<Crash />}>
          <QueryClientProvider client={client}>
            <WardProvider keeper={keeper}>
              <Gate />
              <Toasts />
            </WardProvider>
          </QueryClientProvider>
        </ErrorBoundary>
      </RouterProvider>
    </I18nProvider>
  );
}

/** Screens for who has keys at hand, the unlock screen for everybody else. The address stays. */
function Gate() {
  const state = useWardState();
  if (state.status !== "open") {
    return (
      <Suspense fallback={null}>
        <UnlockScreen />
      </Suspense>
    );
  }
  return (
    <FacilityProvider none={<NoFacility />}>
      <OutboxProvider>
        <LiveProvider>
          <Work />
          <Suspense fallback={null}>
            <StepUp />
          </Suspense>
          <Shell>
            <Screens />
          </Shell>
        </LiveProvider>
      </OutboxProvider>
    </FacilityProvider>
  );
}

/** What goes on whatever screen is shown. */
function Work(): null {
  useRevocationWork();
  const outbox = useOutbox();
  const connection = useConnection();
  useEffect(() => {
    if (connection === "open") outbox.retry();
  }, [connection, outbox]);
  return null;
}

function Screens() {
  const [location] = useLocation();
  return (
    <ErrorBoundary fallback={<Crash />} resetBy={location}>
      <Suspense fallback={<Loading />}>
        <Switch>
          {screens.map(({ path, component }) => (
            <Route key={path} path={path} component={component} />
          ))}
          <Route path="/">
            <Start />
          </Route>
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}

function Loading() {
  return (
    <div className="page">
      <Skeleton lines={6} />
    </div>
  );
}

/** For an address at which there is nothing for this person. */
export function NotFound() {
  const { t } = useI18n();
  return (
    <Empty icon={<Compass size={24} />} title={t("notFound.title")} action={<LinkButton href="/">{t("notFound.home")}</LinkButton>}>
      {t("notFound.text")}
    </Empty>
  );
}

function Crash() {
  const { t } = useI18n();
  return (
    <Centre>
      <Empty
        icon={<OctagonAlert size={24} />}
        title={t("crash.title")}
        action={
          <Button variant="primary" onPress={() => location.reload()}>
            {t("crash.reload")}
          </Button>
        }
      >
        {t("crash.text")}
      </Empty>
    </Centre>
  );
}

/** Milliseconds after which it is asked again whether somebody is in a facility now. */
const LOOK_AGAIN = 5_000;

function NoFacility() {
  const registering = registration();
  if (registering === null) return <Waiting />;
  return (
    <Centre>
      <Suspense fallback={null}>
        <RegisterFacility identifier={registering} />
        <StepUp />
      </Suspense>
    </Centre>
  );
}

/** Somebody who is in no facility: his comparison number, for the administrator who takes him in. */
function Waiting() {
  const { t } = useI18n();
  const keeper = useKeeper();
  const { me } = useWard();
  // Whoever waits to be added is in as soon as he is.
  useEffect(() => {
    const timer = setInterval(() => void keeper.refresh().catch(() => undefined), LOOK_AGAIN);
    return () => clearInterval(timer);
  }, [keeper]);
  return (
    <Centre>
      <Empty
        level={1}
        icon={<UserRoundPlus size={24} />}
        title={t("noFacility.title")}
        action={
          <div className="stack">
            <CompareNumber of={me.user} label={t("noFacility.number")} />
            <p className="small soft">{t("noFacility.numberNote")}</p>
            <div className="row no-facility">
            <Button variant="primary" onPress={() => void keeper.refresh().catch(() => undefined)}>
              {t("common.retry")}
            </Button>
            <Button variant="quiet" onPress={() => void keeper.signOut()}>
              {t("nav.signOut")}
            </Button>
            </div>
          </div>
        }
      >
        {t("noFacility.text", { name: me.name })}
      </Empty>
    </Centre>
  );
}

function Centre({ children }: { readonly children: ReactNode }) {
  return <main className="centre">{children}</main>;
}
