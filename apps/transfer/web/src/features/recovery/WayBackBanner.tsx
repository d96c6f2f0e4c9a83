import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";

import { Button } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { dangerOf, useWays } from "./useWays";
import { PendingRecoveries } from "./Recoveries";
import "./recovery.css";

/** Milliseconds for which "later" holds. */
const LATER = 7 * 86_400_000;

const keyOf = (user: string): string => `wardseal.later.${user}`;

/** Warns whoever could lose access for good, until it is set aside for a week; and of a recovery that waits, always. */
export function WayBackBanner() {
  const { t } = useI18n();
  const { me } = useWard();
  const [location, navigate] = useLocation();
  const { methods, checks } = useWays();
  const [later, setLater] = useState(() => Number(localStorage.getItem(keyOf(me.user))));
  const danger = methods === undefined ? undefined : dangerOf(methods, checks ?? []);
  // Whoever is registering a facility does one thing at a time.
  const isQuiet = danger === undefined || location === "/account" || location === "/waiting" || Date.now() - later < LATER;
  return (
    <>
      {location === "/account" ? null : <PendingRecoveries banner />}
      {isQuiet ? null : (
        <section className="banner way-banner no-print" data-tone={danger === "browser" ? "bad" : "info"} aria-label={t(`ways.alone.${danger}`)}>
          <KeyRound size={18} aria-hidden="true" />
          <p className="banner-text">
            <strong>{t(`ways.alone.${danger}`)}.</strong> <span className="way-banner-note">{t(`ways.alone.${danger}Text`)}</span>
          </p>
          <Button size="s" onPress={() => navigate("/account")}>
            {t("ways.go")}
          </Button>
          <Button
            size="s"
            variant="quiet"
            onPress={() => {
              localStorage.setItem(keyOf(me.user), String(Date.now()));
              setLater(Date.now());
            }}
          >
            {t("ways.later")}
          </Button>
        </section>
      )}
    </>
  );
}
