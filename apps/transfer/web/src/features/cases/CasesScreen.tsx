import { ChevronRight, FolderPlus, FolderSearch, Plus } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState, type ReactNode } from "react";

import { useCases, type CaseRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility, useFacilityName } from "../../app/facility";
import { Page } from "../../app/Page";
import { Button, Card, Clock, Deadline, Disclosure, Empty, RowLink, SearchField, Skeleton, useNow } from "../../design";
import { useI18n } from "../../i18n/context";
import { useContents } from "../content/contents";
import type { Read } from "../content/content";
import { useRowKeys } from "../content/row-keys";
import { CaseTag, UrgencyTag } from "../content/StateTag";
import type { Rules } from "../content/rules";
import { useRules } from "../content/useRules";
import { personOf } from "../sheet/Glance";
import { answerOf } from "../sheet/values";
import { countsOf, grouped, nextDeadline, type Due } from "./due";
import { patientName, shortId } from "./names";
import { NewCaseDialog } from "./NewCaseDialog";
import "./cases.css";

/** The sender's cases, grouped by what is due. */
export default function CasesScreen() {
  const { t } = useI18n();
  const rules = useRules();
  const { group } = useFacility();
  const cases = useCases(group);
  const [creating, setCreating] = useState(false);
  const [search, setSearch] = useState("");
  const searchField = useRef<HTMLInputElement>(null);
  const rows = useRowKeys<HTMLDivElement>({ n: () => setCreating(true), "/": () => searchField.current?.focus() });
  const newCase = (
    <Button variant="primary" icon={<Plus size={16} aria-hidden="true" />} onPress={() => setCreating(true)}>
      {t("cases.new")}
    </Button>
  );
  return (
    <Page title={t("cases.title")} lead={t("cases.lead")} actions={cases.data?.length === 0 ? undefined : newCase} width="wide">
      {cases.data === undefined ? (
        cases.isError ? (
          <ErrorNote error={cases.error} onRetry={() => void cases.refetch()} />
        ) : (
          <Card>
            <Skeleton lines={8} />
          </Card>
        )
      ) : cases.data.length === 0 ? (
        <Empty icon={<FolderPlus size={24} />} title={t("cases.none")} action={newCase}>
          {t("cases.noneText")}
        </Empty>
      ) : (
        <div className="stack" ref={rows}>
          <div className="cases-search no-print">
            <SearchField label={t("cases.search")} value={search} onChange={setSearch} inputRef={searchField} />
          </div>
          <Groups rules={rules} cases={cases.data} search={search} />
        </div>
      )}
      <NewCaseDialog rules={rules} isOpen={creating} onClose={() => setCreating(false)} />
    </Page>
  );
}

function Groups({ rules, cases, search }: { readonly rules: Rules; readonly cases: readonly CaseRecord[]; readonly search: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const now = useNow();
  const nameOf = useFacilityName();
  const groups = useMemo(() => grouped(cases, now), [cases, now]);
  const [showsOver, setShowsOver] = useState(false);
  const words = useDeferredValue(search.trim().toLocaleLowerCase());
  const searching = words !== "";
  // What is over is opened when somebody looks at it.
  const shown = useMemo(() => groups.filter(({ due }) => due !== "over" || showsOver || searching).flatMap((each) => each.cases), [groups, showsOver, searching]);
  const { read, failed } = useContents(shown, "case");
  const matches = (record: CaseRecord): boolean => {
    if (!searching) return true;
    const answers = read.get(record.sealed)?.answers ?? {};
    const text = [patientName(answers), record.id, answerOf(rules, answers, "careType", i18n), i18n.label(rules.caseState(record.state).labels), ...record.requests.map(({ to }) => nameOf(to))];
    return text.some((part) => part?.toLocaleLowerCase().includes(words));
  };
  const found = groups.map(({ due, cases: all }) => ({ due, cases: all.filter(matches) })).filter((group) => group.cases.length > 0);
  if (found.length === 0) {
    return (
      <Empty icon={<FolderSearch size={24} />} title={t("cases.nothingFound")}>
        {t("cases.nothingFoundText")}
      </Empty>
    );
  }
  return found.map(({ due, cases: all }) => {
    const list = (
      <ul className="rows">
        {all.map((record) => (
          <li key={record.id}>
            <CaseRow rules={rules} record={record} copy={read.get(record.sealed)} failed={failed.has(record.sealed)} now={now} />
          </li>
        ))}
      </ul>
    );
    if (due === "over" && !searching) {
      return (
        <Card key={due}>
          <OpenOnce onOpen={() => setShowsOver(true)} title={<GroupTitle due={due} count={all.length} />}>
            {list}
          </OpenOnce>
        </Card>
      );
    }
    return (
      <Card key={due} flush title={<GroupTitle due={due} count={all.length} />} actions={<span className="small soft cases-group-note">{t(`due.${due}.note`)}</span>} {...toneOf(due)}>
        {list}
      </Card>
    );
  });
}

function OpenOnce({ title, children, onOpen }: { readonly title: ReactNode; readonly children: ReactNode; readonly onOpen: () => void }) {
  return (
    <div onClickCapture={onOpen} onKeyDownCapture={onOpen}>
      <Disclosure title={title}>{children}</Disclosure>
    </div>
  );
}

/** Groups in which somebody waits for this team. */
function toneOf(due: Due): { readonly tone?: "wait" | "bad" } {
  return due === "question" || due === "record" || due === "offer" ? { tone: "wait" } : due === "silent" ? { tone: "bad" } : {};
}

function GroupTitle({ due, count }: { readonly due: Due; readonly count: number }) {
  const { t } = useI18n();
  return (
    <>
      {t(`due.${due}`)} <span className="count">{count}</span>
    </>
  );
}

interface CaseRowProps {
  readonly rules: Rules;
  readonly record: CaseRecord;
  readonly copy: Read | undefined;
  readonly failed: boolean;
  readonly now: number;
}

function CaseRow({ rules, record, copy, failed }: CaseRowProps) {
  const i18n = useI18n();
  const { t, label } = i18n;
  const answers = copy?.answers ?? {};
  const counts = countsOf(record);
  const deadline = nextDeadline(record);
  const care = answerOf(rules, answers, "careType", i18n) ?? label(rules.family(record.family).labels);
  const name = patientName(answers) ?? t("cases.unnamed", { id: shortId(record.id) });
  return (
    <RowLink href={`/cases/${record.id}`}>
      <span className="case-row">
        <span className="case-row-who">
          {copy === undefined && !failed ? <span className="skeleton skeleton-1" /> : <span className="strong truncate">{name}</span>}
          <span className="small soft truncate">{failed ? t("cases.notOpened") : [care, personOf(rules, answers, i18n)].filter((part) => part !== "").join(" · ")}</span>
        </span>
        <span className="row gap-1 case-row-state">
          <CaseTag rules={rules} state={record.state} />
          <UrgencyTag rules={rules} urgency={record.urgency} />
        </span>
        <span className="small soft case-row-counts">
          {counts.asked === 0 ? (
            t("cases.askedNobody")
          ) : (
            <>
              {t("cases.asked", { n: counts.asked })}
              {counts.seen > 0 ? ` · ${t("cases.seen", { n: counts.seen })}` : ""}
              {counts.interested > 0 ? <strong>{` · ${t("cases.interested", { n: counts.interested })}`}</strong> : ""}
              {counts.offers > 0 ? <strong>{` · ${t("cases.offers", { n: counts.offers })}`}</strong> : ""}
              {counts.declined > 0 ? ` · ${t("cases.declined", { n: counts.declined })}` : ""}
            </>
          )}
        </span>
        <span className="case-row-when">{deadline === undefined ? <span className="small soft"><Clock at={record.updated} /></span> : <Deadline at={deadline} />}</span>
      </span>
      <ChevronRight size={16} aria-hidden="true" className="soft" />
    </RowLink>
  );
}
