import { CircleHelp, CircleSlash, Hourglass, MapPin, Phone, SearchX } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState, type ReactNode } from "react";

import { addressOf, useFacilities, type Facility } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility } from "../../app/facility";
import { useShortcuts } from "../../app/shortcuts";
import { Card, Empty, FilterChip, SearchField, Segments, Select, Skeleton, Tag } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Rules } from "../content/rules";
import { noFilter, passes, ranked, type Filter, type Match, type Needs } from "./matching";
import "./ask.css";

/** Facilities shown at first; more when asked for. */
const DISTANCES = [25, 50, 100] as const;

export interface DirectoryProps {
  readonly rules: Rules;
  readonly needs: Omit<Needs, "from">;
  /** Whether there is something to match against. */
  readonly matches: boolean;
  /** Before each facility: a tick box, for example. */
  readonly leading?: (match: Match) => ReactNode;
  readonly trailing?: (match: Match) => ReactNode;
  /** Those that are not listed, such as one's own. */
  readonly hides?: (facility: Facility) => boolean;
}

/** The public directory: searched, filtered and matched in this page. */
export function Directory({ rules, needs, matches, leading, trailing, hides }: DirectoryProps) {
  const { t, label } = useI18n();
  const facilities = useFacilities();
  const { entry } = useFacility();
  const [filter, setFilter] = useState<Filter>({ ...noFilter, family: "" });
  const deferred = useDeferredValue(filter);
  const search = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => search.current?.focus() });
  const all = useMemo(() => ranked((facilities.data ?? []).filter((facility) => hides?.(facility) !== true), { ...needs, from: entry }), [facilities.data, needs, entry, hides]);
  const found = all.filter((match) => passes(match, deferred));
  const set = (more: Partial<Filter>): void => setFilter((before) => ({ ...before, ...more }));
  const [everywhere, anyCare] = ["0", "*"];

  return (
    <div className="directory">
      <div className="directory-filters">
        <div className="directory-search">
          <SearchField label={t("ask.search")} value={filter.text} onChange={(text) => set({ text })} inputRef={search} />
        </div>
        <Segments
          label={t("ask.country")}
          value={filter.country === "" ? "all" : filter.country}
          onChange={(country) => set({ country: country === "all" ? "" : country })}
          options={[
            { value: "all", label: t("ask.everywhere") },
            { value: "FR", label: t("ask.france") },
            { value: "DE", label: t("ask.germany") },
          ]}
        />
        <Segments
          label={t("ask.within")}
          value={String(filter.within)}
          onChange={(within) => set({ within: Number(within) })}
          options={[{ value: everywhere ?? "0", label: t("ask.anyDistance") }, ...DISTANCES.map((distance) => ({ value: String(distance), label: t("ask.km", { distance }) }))]}
        />
        {matches ? (
          <FilterChip value={filter.suiting} onChange={(suiting) => set({ suiting })}>
            {t("ask.suiting")}
          </FilterChip>
        ) : (
          <div className="directory-family">
            <Select
              label={t("ask.family")}
              value={filter.family === "" ? (anyCare ?? "*") : filter.family}
              onChange={(family) => set({ family: family === anyCare ? "" : family })}
              options={[{ value: anyCare ?? "*", label: t("ask.anyFamily") }, ...rules.catalogue.families.map((family) => ({ value: String(family.code), label: label(family.labels) }))]}
            />
          </div>
        )}
      </div>
      {facilities.data === undefined ? (
        facilities.isError ? (
          <ErrorNote error={facilities.error} onRetry={() => void facilities.refetch()} />
        ) : (
          <Card>
            <Skeleton lines={8} />
          </Card>
        )
      ) : found.length === 0 ? (
        <Empty icon={<SearchX size={24} />} title={t("ask.nothing")}>
          {t("ask.nothingText")}
        </Empty>
      ) : (
        <Card flush>
          <p className="small soft directory-count" role="status">
            {t("ask.found", { n: found.length })}
          </p>
          <ul className="rows" aria-label={t("nav.directory")}>
            {found.map((match) => (
              <li key={addressOf(match.facility)} className="facility-row">
                {leading?.(match)}
                <FacilityEntry rules={rules} match={match} matches={matches} />
                {trailing?.(match)}
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

/** One facility: where it is, what it offers, and why it suits or does not. */
export function FacilityEntry({ rules, match, matches }: { readonly rules: Rules; readonly match: Match; readonly matches: boolean }) {
  const { t, label, format } = useI18n();
  const { facility, distance, offers, missing, able, speaks } = match;
  return (
    <div className="facility-entry">
      <div className="facility-entry-who">
        <span className="row gap-2">
          <span className="strong">{facility.name}</span>
          {facility.group === null ? (
            <Tag tone="neutral" icon={<Hourglass size={13} aria-hidden="true" />}>
              {t("escrow.notYet")}
            </Tag>
          ) : null}
        </span>
        <span className="small soft facility-entry-where">
          <span className="facility-entry-place">
            <MapPin size={13} aria-hidden="true" />
            <span>
              {facility.postcode} {facility.city}, {facility.country === "FR" ? t("ask.france") : t("ask.germany")}
              {distance === undefined ? null : <strong className="nowrap"> {t("ask.km", { distance: format.number(Math.round(distance)) })}</strong>}
            </span>
          </span>
          {facility.phone === "" ? null : (
            <span className="facility-entry-place nowrap">
              <Phone size={13} aria-hidden="true" />
              {facility.phone}
            </span>
          )}
        </span>
        <span className="small soft">{facility.families.map((family) => label(rules.family(family).labels)).join(", ")}</span>
      </div>
      {matches ? (
        <div className="row gap-1 facility-entry-fit">
          {offers ? (
            <>
              {missing.map((code) => (
                <Tag key={code} tone="wait" icon={<CircleHelp size={13} aria-hidden="true" />}>
                  {t("ask.missing", { what: label(rules.capability(code).labels) })}
                </Tag>
              ))}
              {able.map((code) => (
                <Tag key={code} tone="good">
                  {label(rules.capability(code).labels)}
                </Tag>
              ))}
              {missing.length === 0 && able.length === 0 ? <Tag tone="good">{t("ask.offersCare")}</Tag> : null}
            </>
          ) : (
            <Tag tone="neutral" icon={<CircleSlash size={13} aria-hidden="true" />}>
              {t("ask.otherCare")}
            </Tag>
          )}
          {offers && speaks === true ? <Tag tone="good">{t("ask.speaks")}</Tag> : null}
        </div>
      ) : (
        <p className="small soft facility-entry-can">{facility.capabilities.map((code) => label(rules.capability(code).labels)).join(" · ")}</p>
      )}
    </div>
  );
}
