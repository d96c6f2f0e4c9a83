import { Building2, ChevronsUpDown, Keyboard, Languages, Lock, LogOut, ShieldCheck, SunMoon } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button as AriaButton, Link } from "react-aria-components";
import { useLocation } from "wouter";

import { Menu, Tip } from "../design";
import { WayBackBanner } from "../features/recovery/WayBackBanner";
import { useI18n } from "../i18n/context";
import { languageNames, languages } from "../i18n/languages";
import { useKeeper, useWard } from "../ward/context";
import { useFacility, useFacilityName } from "./facility";
import { KeyboardHelp } from "./KeyboardHelp";
import { ConnectionBanner } from "./live";
import { Logo } from "./Logo";
import { screens } from "./routes";
import { useShortcuts } from "./shortcuts";
import { SignOutDialog } from "./SignOutDialog";
import { themes, useTheme } from "./theme";

const places = screens.flatMap(({ path, nav }) => (nav === undefined ? [] : [{ path, ...nav }]));

/** The frame of every screen: the rail (a bar at the bottom of small screens) and what belongs to the person. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { t } = useI18n();
  const [location, navigate] = useLocation();
  const [help, setHelp] = useState(false);
  useShortcuts({
    ...Object.fromEntries(places.map((place) => [`g ${place.key}`, () => navigate(place.path)])),
    "?": () => setHelp(true),
  });
  return (
    <div className="shell">
      <a href="#content" className="skip no-print">
        {t("nav.skip")}
      </a>
      <nav className="rail no-print" aria-label={t("nav.main")}>
        <div className="rail-brand">
          <Logo />
          <span>{t("common.product")}</span>
        </div>
        <FacilityMenu />
        <ul role="list" className="rail-places">
          {places.map(({ path, label, icon: Icon }) => (
            <li key={path}>
              <Link href={path} className="rail-place" aria-current={location === path ? "page" : location.startsWith(`${path}/`) ? "true" : undefined}>
                <Icon size={20} aria-hidden="true" />
                <span>{t(label)}</span>
              </Link>
            </li>
          ))}
        </ul>
        <div className="rail-foot">
          <Tip text={t("nav.sealedNote")}>
            <span className="rail-sealed">
              <ShieldCheck size={16} aria-hidden="true" />
              <span>{t("nav.sealed")}</span>
            </span>
          </Tip>
          <PersonMenu onHelp={() => setHelp(true)} />
        </div>
      </nav>
      <div className="main">
        <ConnectionBanner />
        <WayBackBanner />
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
      <KeyboardHelp isOpen={help} onClose={() => setHelp(false)} />
    </div>
  );
}

function FacilityMenu() {
  const { t } = useI18n();
  const { group, all, choose, entry } = useFacility();
  const nameOf = useFacilityName();
  const shown = (
    <>
      <Building2 size={18} aria-hidden="true" />
      <span className="grow">
        <span className="rail-facility-name">{entry?.name ?? "–"}</span>
        {entry === undefined ? null : <span className="rail-facility-place">{entry.city}</span>}
      </span>
    </>
  );
  if (all.length === 1) return <div className="rail-facility">{shown}</div>;
  return (
    <Menu
      label={t("nav.facility")}
      trigger={
        <AriaButton className="rail-facility">
          {shown}
          <ChevronsUpDown size={16} aria-hidden="true" />
        </AriaButton>
      }
      sections={[{ title: t("nav.facility"), entries: all.map((each) => ({ id: each.group, label: nameOf(each.group), isSelected: each.group === group, onAction: () => choose(each.group) })) }]}
    />
  );
}

function PersonMenu({ onHelp }: { readonly onHelp: () => void }) {
  const { t, language, setLanguage } = useI18n();
  const { me } = useWard();
  const keeper = useKeeper();
  const [theme, setTheme] = useTheme();
  const [leaving, setLeaving] = useState(false);
  const { group, all, choose } = useFacility();
  const nameOf = useFacilityName();
  return (
    <>
      <Menu
        label={me.name}
        trigger={
          <AriaButton className="rail-person">
            <span className="initials" aria-hidden="true">
              {initials(me.name)}
            </span>
            <span className="visually-hidden">{`${t("nav.account")}: `}</span>
            <span className="grow truncate rail-person-name">{me.name}</span>
            <ChevronsUpDown size={16} aria-hidden="true" />
          </AriaButton>
        }
        sections={[
          {
            entries: [
              { id: "lock", label: t("nav.lock"), icon: <Lock size={16} aria-hidden="true" />, onAction: () => void keeper.lock() },
              { id: "signOut", label: t("nav.signOut"), icon: <LogOut size={16} aria-hidden="true" />, onAction: () => setLeaving(true) },
              { id: "help", label: t("help.open"), icon: <Keyboard size={16} aria-hidden="true" />, onAction: onHelp },
            ],
          },
          // Small screens have no room for the other menu.
          ...(all.length === 1 ? [] : [{ title: t("nav.facility"), entries: all.map((each) => ({ id: each.group, label: nameOf(each.group), isSelected: each.group === group, onAction: () => choose(each.group) })) }]),
          {
            title: t("nav.language"),
            entries: languages.map((each) => ({ id: each, label: languageNames[each], icon: <Languages size={16} aria-hidden="true" />, isSelected: each === language, onAction: () => setLanguage(each) })),
          },
          {
            title: t("nav.theme"),
            entries: themes.map((each) => ({ id: each, label: t(`nav.theme.${each}`), icon: <SunMoon size={16} aria-hidden="true" />, isSelected: each === theme, onAction: () => setTheme(each) })),
          },
        ]}
      />
      <SignOutDialog isOpen={leaving} onClose={() => setLeaving(false)} />
    </>
  );
}

/** Two letters for a name. */
function initials(name: string): string {
  const parts = name.split(/[\s._@-]+/).filter((part) => part !== "");
  return ((parts[0]?.[0] ?? "") + (parts[1]?.[0] ?? "")).toUpperCase();
}
