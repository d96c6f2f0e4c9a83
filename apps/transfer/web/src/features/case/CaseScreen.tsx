import { useQueryClient } from "@tanstack/react-query";
import { Check, CloudOff, Ellipsis, Eye, FileUp, LoaderCircle, Pencil, Printer, Send } from "lucide-react";
import { useCallback, useEffect, useState, type ReactNode } from "react";
import { useLocation, useParams, useSearch } from "wouter";

import { isMeant, keys, useCase, useFacilities, type CaseRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility, useFacilityName } from "../../app/facility";
import { Page } from "../../app/Page";
import { Button, Callout, Card, Clock, Deadline, Dialog, Disclosure, IconButton, Menu, Skeleton, Steps, Tabs, TextArea, Toggle, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { nextDeadline } from "../cases/due";
import { patientName, shortId } from "../cases/names";
import { readAnswers } from "../content/content";
import type { CaseMove, Import, Rules } from "../content/rules";
import { CaseTag, UrgencyTag } from "../content/StateTag";
import { useRules } from "../content/useRules";
import { Documents } from "../documents/Documents";
import { BundleImport, ImportSummary, merged } from "../form/BundleImport";
import { StageForm, completeness } from "../form/StageForm";
import { answersOf } from "../form/stages";
import { useWorkingCopy, type Editing, type SaveState } from "../form/working-copy";
import { Glance, personOf } from "../sheet/Glance";
import { Sheet } from "../sheet/Sheet";
import { PrintSheet } from "../sheet/PrintSheet";
import { sightOf } from "./access";
import { CaseMoveDialog, useCaseChange } from "./CaseMoves";
import { FacilityCard } from "./FacilityCard";
import { JobList } from "./JobList";
import "./case.css";
import "../request/request.css";

/** One case, as its sender works on it. */
export default function CaseScreen() {
  const { id = "" } = useParams<{ id: string }>();
  const { t } = useI18n();
  const rules = useRules();
  const found = useCase(id);
  if (found.data === undefined) {
    return (
      <Page title={t("case.title", { id: shortId(id) })} back={{ href: "/cases", label: t("cases.title") }} width="wide">
        {found.isError ? (
          <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <Card>
            <Skeleton lines={8} />
          </Card>
        )}
      </Page>
    );
  }
  return <Case key={found.data.id} rules={rules} record={found.data} />;
}

function Case({ rules, record }: { readonly rules: Rules; readonly record: CaseRecord }) {
  const i18n = useI18n();
  const { t, label } = i18n;
  const { entry } = useFacility();
  const nameOf = useFacilityName();
  const { data: facilities } = useFacilities();
  const [, navigate] = useLocation();
  const editing = useWorkingCopy(record, rules);
  const change = useCaseChange();
  const [moving, setMoving] = useState<CaseMove>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  // A facility that has just registered stands in the directory under its group, which this page does not know yet.
  const client = useQueryClient();
  const isUnknown = facilities !== undefined && record.requests.some(({ to }) => !facilities.some((facility) => isMeant(facility, to)));
  useEffect(() => {
    if (isUnknown) void client.invalidateQueries({ queryKey: keys.facilities });
  }, [isUnknown, record.version, client]);

  const { copy } = editing;
  const state = rules.caseState(record.state);
  const answers = copy?.answers ?? {};
  const name = patientName(answers) ?? t("case.title", { id: shortId(record.id) });
  const live = record.requests.some((request) => !rules.requestState(request.state).final);
  const deadline = nextDeadline(record);

  const run = (move: CaseMove): void => {
    // What cannot be taken back is asked for first.
    if (rules.caseState(move.to).final && move.to !== "closed") return setMoving(move);
    setBusy(true);
    setError(undefined);
    change(record, { state: move.to })
      .then(
        () => {
          if (move.to === "on_hold") toast(t("case.held"), { label: t("common.undo"), run: () => void change({ ...record, version: record.version + 1 }, { state: live ? "searching" : "ready" }).catch(setError) });
        },
        setError,
      )
      .finally(() => setBusy(false));
  };
  // On hold there are two ways back: which one depends on whether somebody is still asked.
  const moves = rules.caseMoves(record.state).filter((move) => record.state !== "on_hold" || !["searching", "ready"].includes(move.to) || (move.to === "searching") === live);
  const primaryTo = { on_hold: live ? "searching" : "ready", chosen: "scheduled", admitted: "closed" }[record.state as string];
  const primary = moves.find(({ to }) => to === primaryTo);
  const others = moves.filter((move) => move !== primary && !["ready", "draft"].includes(move.to));

  const ask = async (): Promise<void> => {
    if (editing.state === "saved") return navigate(`/cases/${record.id}/ask`);
    setBusy(true);
    setError(undefined);
    try {
      await editing.save();
      navigate(`/cases/${record.id}/ask`);
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  return (
    <>
      <Page
        title={t("case.title", { id: shortId(record.id) })}
        heading={copy === undefined && editing.error === null ? <span className="skeleton skeleton-1 case-name" /> : name}
        lead={[t("case.title", { id: shortId(record.id) }), personOf(rules, answers, i18n)].filter((part) => part !== "" && part !== name).join(" · ")}
        back={{ href: "/cases", label: t("cases.title") }}
        width="wide"
        actions={
          <>
            <SaveNote state={editing.state} at={record.updated} onRetry={() => void editing.save().catch(() => undefined)} />
            {primary !== undefined ? (
              <Button variant="primary" onPress={() => run(primary)} isPending={busy}>
                {label(primary.labels)}
              </Button>
            ) : state.asks ? (
              <Button variant={record.requests.some((request) => rules.requestState(request.state).open) ? "secondary" : "primary"} icon={<Send size={16} aria-hidden="true" />} onPress={() => void ask()} isPending={busy} isDisabled={copy === undefined}>
                {record.requests.length === 0 ? t("case.ask") : t("case.askMore")}
              </Button>
            ) : null}
            <Menu
              label={t("case.more")}
              trigger={<IconButton label={t("case.more")} icon={<Ellipsis size={18} aria-hidden="true" />} />}
              sections={[
                { entries: [{ id: "print", label: t("case.print"), icon: <Printer size={16} aria-hidden="true" />, onAction: () => print() }] },
                ...(others.length === 0
                  ? []
                  : [{ title: t("case.state"), entries: others.map((move) => ({ id: move.to, label: label(move.labels), onAction: () => run(move), ...(rules.caseState(move.to).final && move.to !== "closed" ? { tone: "danger" as const } : {}) })) }]),
              ]}
            />
          </>
        }
        sticky={
          <div className="case-bar">
            <CaseTag rules={rules} state={record.state} />
            <UrgencyTag rules={rules} urgency={record.urgency} />
            <span className="small soft">{t("case.opened")} <Clock at={record.created} /></span>
            {deadline === undefined ? null : <Deadline at={deadline} />}
            {state.final ? null : (
              <span className="no-print">
                <Toggle value={record.ready} onChange={(ready) => void change(record, { ready }).catch(setError)}>
                  {t("case.ready")}
                </Toggle>
              </span>
            )}
          </div>
        }
      >
        <div className="stack no-print">
          <Sight rules={rules} record={record} nameOf={nameOf} />
          <ErrorNote error={error} />
          <ErrorNote error={editing.error} title={t("case.notOpened")} />
          {editing.state === "failed" ? <ErrorNote error={editing.failure} title={t("case.notSaved")} onRetry={() => void editing.save().catch(() => undefined)} /> : null}
          <JobList of={record.id} record={record} nameOf={nameOf} />
          {copy === undefined ? (
            editing.error === null ? (
              <Card>
                <Skeleton lines={8} />
              </Card>
            ) : null
          ) : (
            <div className="case-columns" data-asked={record.requests.length > 0 || undefined}>
              {record.requests.length === 0 ? null : (
                <aside className="case-facilities stack gap-3" aria-label={t("case.facilities")}>
                  <h2>
                    {t("case.facilities")} <span className="count">{record.requests.length}</span>
                  </h2>
                  {inOrder(record).map((request) => (
                    <FacilityCard
                      key={request.id}
                      rules={rules}
                      record={record}
                      request={request}
                      facility={facilities?.find((facility) => isMeant(facility, request.to))}
                      copy={copy}
                      nameOf={nameOf}
                      save={editing.save}
                    />
                  ))}
                </aside>
              )}
              <Parts rules={rules} record={record} editing={editing} country={entry?.country} />
            </div>
          )}
        </div>
        {copy === undefined ? null : <PrintSheet rules={rules} id={record.id} from={nameOf(record.facility)} answers={answersOf(rules, 1, copy.answers)} created={record.created} />}
      </Page>
      {moving === undefined ? null : <CaseMoveDialog rules={rules} record={record} move={moving} onClose={() => setMoving(undefined)} />}
    </>
  );
}

/** Facilities with something to do first, then the winning one, those that are awaited, and those that are out. */
function inOrder(record: CaseRecord): CaseRecord["requests"] {
  const first: readonly string[] = ["chosen", "in_transit", "admitted", "info_needed", "interested", "offered", "disclosed", "waitlisted", "in_review", "viewed", "sent"];
  const rank = (state: string): number => (first.includes(state) ? first.indexOf(state) : first.length);
  return record.requests.toSorted((a, b) => rank(a.state) - rank(b.state) || a.deadline - b.deadline || a.id.localeCompare(b.id));
}

function SaveNote({ state, at, onRetry }: { readonly state: SaveState; readonly at: number; readonly onRetry: () => void }) {
  const { t } = useI18n();
  if (state === "failed") {
    return (
      <Button size="s" variant="danger-quiet" icon={<CloudOff size={14} aria-hidden="true" />} onPress={onRetry}>
        {t("case.saveFailed")}
      </Button>
    );
  }
  return (
    <span className="small faint row gap-1 save-note" role="status">
      {state === "saved" ? <Check size={14} aria-hidden="true" /> : <LoaderCircle size={14} aria-hidden="true" />}
      {state === "saved" ? (
        <>
          {t("case.saved")} <Clock at={at} />
        </>
      ) : (
        t("case.saving")
      )}
    </span>
  );
}

/** Who can see what now, in three steps. */
function Sight({ rules, record, nameOf }: { readonly rules: Rules; readonly record: CaseRecord; readonly nameOf: (group: string) => string }) {
  const { t, format } = useI18n();
  const sight = sightOf(rules, record);
  const names = (groups: readonly string[]): string => (groups.length > 2 ? t("sight.facilities", { n: groups.length }) : format.list(groups.map(nameOf)));
  const isOver = rules.caseState(record.state).final;
  const left = ["departed", "admitted", "closed"].includes(record.state);
  const ending: ReactNode = sight.ending.length === 0 ? null : <span role="status">{t("sight.ending", { n: sight.ending.length })}</span>;
  return (
    <Card className="sight">
      <h2 className="visually-hidden">{t("sight.title")}</h2>
      <Steps
        label={t("sight.title")}
        steps={[
          {
            title: t("sight.request"),
            state: record.requests.length === 0 && !isOver ? "current" : sight.request.length === 0 && isOver ? "later" : "done",
            note: (
              <>
                {sight.request.length === 0 ? t("sight.nobody") : t("sight.seenBy", { who: names(sight.request) })}
                {ending === null ? null : <> · {ending}</>}
              </>
            ),
          },
          {
            title: t("sight.record"),
            state: sight.record.length > 0 ? "done" : record.requests.length > 0 && !isOver ? "current" : "later",
            note: sight.record.length === 0 ? t("sight.onlyYou") : t("sight.seenBy", { who: names(sight.record) }),
          },
          { title: t("sight.handover"), state: left ? "done" : sight.record.length > 0 && ["chosen", "scheduled"].includes(record.state) ? "current" : "later", note: left ? t("sight.handed") : ["chosen", "scheduled"].includes(record.state) ? t("sight.handoverNext") : t("sight.handoverLater") },
        ]}
      />
    </Card>
  );
}

type Part = "request" | "record" | "documents" | "notes";

interface PartsProps {
  readonly rules: Rules;
  readonly record: CaseRecord;
  readonly editing: Editing;
  readonly country: "FR" | "DE" | undefined;
}

/** What the case holds: the request, the full record, documents, and the team's own notes. */
function Parts({ rules, record, editing, country }: PartsProps) {
  const { t } = useI18n();
  const strict = new URLSearchParams(useSearch()).has("missing");
  const [part, setPart] = useState<Part>("request");
  const [preview, setPreview] = useState(false);
  const [changing, setChanging] = useState(record.requests.length === 0);
  const [importing, setImporting] = useState(false);
  const [imported, setImported] = useState<{ readonly result: Import; readonly taken: number }>();
  const { copy, answer, setNotes } = editing;
  const isFinal = rules.caseState(record.state).final;
  const take = useCallback(
    (result: Import): void => {
      const { taken } = merged(copy?.answers ?? {}, readAnswers(result.answers));
      for (const [field, value] of Object.entries(taken)) answer(field, value);
      setImported({ result, taken: Object.keys(taken).length });
      setImporting(false);
    },
    [copy, answer],
  );
  if (copy === undefined) return null;
  const { answers } = copy;
  const asked = record.requests.length > 0;
  const form = (stage: 1 | 2): ReactNode => <StageForm rules={rules} stage={stage} answers={answers} onAnswer={answer} country={country} strict={strict && stage === 1} isDisabled={isFinal} />;
  const missing = completeness(rules, 1, answers).problems.length;
  return (
    <Card className="case-parts">
      <Tabs<Part>
        label={t("case.parts")}
        selected={part}
        onSelect={setPart}
        tabs={[
          {
            id: "request",
            title: t("case.part.request"),
            ...(missing > 0 ? { count: missing } : {}),
            panel: (
              <div className="stack">
                <div className="spread">
                  <p className="small soft grow">{t("case.part.requestNote")}</p>
                  <div className="row">
                    {isFinal ? null : changing ? (
                      <>
                        <Button size="s" icon={<FileUp size={14} aria-hidden="true" />} onPress={() => setImporting(true)}>
                          {t("import.title")}
                        </Button>
                        <Button size="s" icon={<Eye size={14} aria-hidden="true" />} onPress={() => setPreview(true)}>
                          {t("ask.preview")}
                        </Button>
                      </>
                    ) : (
                      <Button size="s" icon={<Pencil size={14} aria-hidden="true" />} onPress={() => setChanging(true)}>
                        {t("case.change")}
                      </Button>
                    )}
                  </div>
                </div>
                {imported === undefined ? null : <ImportSummary rules={rules} result={imported.result} taken={imported.taken} />}
                {changing && !isFinal ? (
                  <>
                    {asked ? <Callout tone="info">{t("case.sentAsWas")}</Callout> : null}
                    {form(1)}
                  </>
                ) : (
                  <>
                    <Glance rules={rules} answers={answersOf(rules, 1, answers)} />
                    <Disclosure title={t("ask.previewAll")}>
                      <Sheet rules={rules} stage={1} answers={answersOf(rules, 1, answers)} />
                    </Disclosure>
                  </>
                )}
                {asked || isFinal ? null : <p className="small soft">{t("case.askedNobody")}</p>}
              </div>
            ),
          },
          {
            id: "record",
            title: t("case.part.record"),
            panel: (
              <div className="stack">
                <p className="small soft">{t("case.part.recordNote")}</p>
                {form(2)}
              </div>
            ),
          },
          {
            id: "documents",
            title: t("documents.title"),
            ...(copy.documents.length > 0 ? { count: copy.documents.length } : {}),
            panel: (
              <div className="stack">
                <p className="small soft">{t("case.part.documentsNote")}</p>
                <Documents entries={copy.documents} blobs={record.documents} session={record.documentsSession} record={isFinal ? undefined : record} />
              </div>
            ),
          },
          {
            id: "notes",
            title: t("case.part.notes"),
            panel: <TextArea label={t("case.notes")} hint={t("case.notesHint")} value={copy.notes} onChange={setNotes} rows={10} isDisabled={isFinal} />,
          },
        ]}
      />
      <Dialog title={t("ask.previewTitle")} isOpen={preview} onClose={() => setPreview(false)} size="l">
        <div className="stack">
          <p className="small soft">{t("ask.previewLead")}</p>
          <Glance rules={rules} answers={answersOf(rules, 1, answers)} />
          <Disclosure title={t("ask.previewAll")}>
            <Sheet rules={rules} stage={1} answers={answersOf(rules, 1, answers)} />
          </Disclosure>
        </div>
      </Dialog>
      <Dialog title={t("import.title")} isOpen={importing} onClose={() => setImporting(false)}>
        <div className="stack gap-3">
          <p className="small soft">{t("import.lead")}</p>
          <BundleImport rules={rules} onImport={take} />
        </div>
      </Dialog>
    </Card>
  );
}

