import { useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, FileLock2, KeyRound, Printer } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { keys, type RequestRecord, type RequestState } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacilityName } from "../../app/facility";
import { useShortcuts } from "../../app/shortcuts";
import { Button, Callout, Card, Clock, Deadline, Disclosure, IconButton, LinkButton, Skeleton, toast, type ButtonVariant } from "../../design";
import { useI18n } from "../../i18n/context";
import { useContent } from "../../ward";
import { patientName, shortId } from "../cases/names";
import { readContent } from "../content/content";
import type { Move, Rules } from "../content/rules";
import { ReceivedTag, UrgencyTag } from "../content/StateTag";
import { Documents } from "../documents/Documents";
import { Glance, personOf } from "../sheet/Glance";
import { PrintSheet } from "../sheet/PrintSheet";
import { Sheet } from "../sheet/Sheet";
import { answerOf } from "../sheet/values";
import { AnswerView, History, currentAnswer } from "./AnswerView";
import { MoveDialog, needsWords } from "./MoveDialog";
import { useMove } from "./perform";
import "./request.css";

/** The likely next move from a state: the one primary button. */
const PRIMARY: Readonly<Partial<Record<RequestState, RequestState>>> = {
  viewed: "interested",
  in_review: "interested",
  waitlisted: "interested",
  disclosed: "offered",
  chosen: "admitted",
  in_transit: "admitted",
};

/** Answers that refuse, and those that are seldom given: they come after the others. */
const REFUSING: ReadonlySet<string> = new Set<RequestState>(["declined", "offer_withdrawn", "not_arrived"]);
const RARE: ReadonlySet<string> = new Set<RequestState>(["in_review", "referred_onward"]);

/** Moves that the table takes back: shown as "undo" for a while. */
const BACK: Readonly<Partial<Record<RequestState, RequestState>>> = { waitlisted: "in_review", declined: "in_review" };

/** Keys beside those of the rules: `f` asks, as the sheet of keys says. */
const ALIASES: Readonly<Partial<Record<RequestState, string>>> = { info_needed: "f" };

/** States in which this facility waits for the sender, with what it waits for. */
const AWAITS = ["info_needed", "interested", "offered", "chosen", "in_transit"] as const;

/** One request as the facility that was asked sees it: everything to decide by, and the answers. */
export function RequestView({ rules, request }: { readonly rules: Rules; readonly request: RequestRecord }) {
  const i18n = useI18n();
  const { t, label } = i18n;
  const nameOf = useFacilityName();
  const perform = useMove(rules);
  const info = rules.requestState(request.state);
  const isOpen = info.access !== "nothing";
  const opened = useContent(isOpen ? request.sealed : undefined, request.session, "stage1");
  const client = useQueryClient();
  // What was taken back is not kept in this page either.
  useEffect(() => {
    if (!isOpen) client.removeQueries({ queryKey: keys.opened(request.sealed) });
    if (info.access !== "record" && request.disclosure !== null) client.removeQueries({ queryKey: keys.opened(request.disclosure.sealed) });
  }, [isOpen, info.access, request.sealed, request.disclosure, client]);
  const [asking, setAsking] = useState<Move>();
  const [busy, setBusy] = useState<string>();
  const [error, setError] = useState<unknown>();
  const content = opened.data === undefined ? undefined : readContent(opened.data.content);
  const answers = content?.answers ?? {};
  const from = nameOf(request.from);

  // Whoever decrypts it has seen it: that is when it counts as viewed, and not before.
  const seen = useRef("");
  const isSeen = opened.data !== undefined && request.state === "sent";
  useEffect(() => {
    if (!isSeen || seen.current === request.id) return;
    seen.current = request.id;
    perform(request, "viewed").catch(() => {
      // Somebody else of the facility was faster, or there is no connection: the next look tells.
      seen.current = "";
    });
  }, [isSeen, request, perform]);

  const moves = content === undefined ? [] : rules.moves(request.state, "receiver");
  const primary = moves.find(({ to }) => to === PRIMARY[request.state]);
  const weight = ({ to }: Move): number => (REFUSING.has(to) ? 1 : RARE.has(to) ? 2 : 0);
  const others = moves.filter((move) => move !== primary).toSorted((a, b) => weight(a) - weight(b));

  const done = (record: RequestRecord): void => {
    const back = BACK[record.state];
    const text = t("request.done", { state: label(rules.requestState(record.state).labels) });
    if (back === undefined || !rules.moves(record.state, "receiver").some(({ to }) => to === back)) return toast(text);
    toast(text, { label: t("common.undo"), run: () => void perform(record, back).catch(setError) });
  };
  const start = (move: Move): void => {
    if (busy !== undefined) return;
    setError(undefined);
    if (needsWords(move)) return setAsking(move);
    setBusy(move.to);
    perform(request, move.to)
      .then(done, setError)
      .finally(() => setBusy(undefined));
  };
  useShortcuts(Object.fromEntries(moves.flatMap((move) => [move.key, ALIASES[move.to]].flatMap((key) => (key === null || key === undefined || key === "" ? [] : [[key, () => start(move)]])))));

  const button = (move: Move, variant: ButtonVariant) => (
    <Button key={move.to} variant={variant} onPress={() => start(move)} isPending={busy === move.to} isDisabled={busy !== undefined && busy !== move.to}>
      {label(move.labels)}
      {move.key === null || move.key === "" ? null : <kbd aria-hidden="true">{ALIASES[move.to] ?? move.key}</kbd>}
    </Button>
  );
  const answer = currentAnswer(request);
  const awaits = AWAITS.find((state) => state === request.state);

  return (
    <article className="stack" aria-labelledby={`request-${request.id}`}>
      <div className="stack no-print">
        <div className="request-back">
          <LinkButton href="/inbox" variant="quiet" size="s" icon={<ArrowLeft size={16} aria-hidden="true" />}>
            {t("inbox.title")}
          </LinkButton>
        </div>
        <Card className="decision">
          <div className="stack">
            <div className="request-head">
              <div className="grow">
                <h2 id={`request-${request.id}`} className="decision-title">
                  {answerOf(rules, answers, "careType", i18n) ?? label(rules.family(request.family).labels)}
                </h2>
                <p>
                  <strong>{personOf(rules, answers, i18n)}</strong>
                </p>
                <p className="small soft">
                  {t("request.from", { facility: from })} · {shortId(request.id)} · <Clock at={request.created} />
                </p>
              </div>
              <div className="row gap-1">
                <UrgencyTag rules={rules} urgency={request.urgency} />
                <ReceivedTag rules={rules} state={request.state} />
                {["sent", "viewed", "in_review", "info_needed"].includes(request.state) ? <Deadline at={request.deadline} pausedSince={request.pausedSince} /> : null}
                <IconButton label={t("case.print")} size="s" icon={<Printer size={16} aria-hidden="true" />} onPress={() => print()} />
              </div>
            </div>
            {!isOpen ? (
              <Callout tone="neutral" title={label(info.labels)}>
                {t("request.closed")}
              </Callout>
            ) : opened.isError ? (
              <ErrorNote error={opened.error} title={t("request.notOpened")} onRetry={() => void opened.refetch()} />
            ) : content === undefined ? (
              <Skeleton lines={6} />
            ) : (
              <>
                <Glance rules={rules} answers={answers} />
                {answer === undefined ? null : <AnswerView rules={rules} request={request} answer={answer} nameOf={nameOf} />}
                {awaits === undefined ? null : <p className="small soft">{t(`request.awaits.${awaits}`, { facility: from })}</p>}
                <ErrorNote error={error} />
                {moves.length === 0 ? null : (
                  <div className="request-actions" role="group" aria-label={t("request.answer")}>
                    {primary === undefined ? null : button(primary, "primary")}
                    {others.map((move) => button(move, REFUSING.has(move.to) ? "danger-quiet" : RARE.has(move.to) ? "quiet" : "secondary"))}
                  </div>
                )}
              </>
            )}
          </div>
        </Card>
        {request.disclosure === null || info.access !== "record" ? null : <FullRecord rules={rules} request={request} disclosure={request.disclosure} />}
        {content === undefined ? null : (
          <Card>
            <Disclosure title={t("request.all")}>
              <Sheet rules={rules} stage={1} answers={answers} />
            </Disclosure>
          </Card>
        )}
        <Card>
          <Disclosure title={t("history.title")}>
            <History rules={rules} request={request} sides={{ sender: from, receiver: nameOf(request.to), system: t("history.system") }} />
          </Disclosure>
        </Card>
      </div>
      {content === undefined ? null : <PrintSheet rules={rules} id={request.id} from={from} answers={answers} created={request.created} />}
      {asking === undefined ? null : (
        <MoveDialog
          rules={rules}
          request={request}
          move={asking}
          other={from}
          wanted={typeof answers["dateFrom"] === "string" ? answers["dateFrom"] : ""}
          onClose={() => setAsking(undefined)}
          onDone={(record) => {
            setAsking(undefined);
            done(record);
          }}
        />
      )}
    </article>
  );
}

interface FullRecordProps {
  readonly rules: Rules;
  readonly request: RequestRecord;
  readonly disclosure: NonNullable<RequestRecord["disclosure"]>;
}

/** Stage 2: the name, the record and the documents, sealed for this facility alone. */
function FullRecord({ rules, disclosure }: FullRecordProps) {
  const { t } = useI18n();
  const opened = useContent(disclosure.sealed, disclosure.session, "stage2");
  if (opened.isError) return <ErrorNote error={opened.error} title={t("request.notOpened")} onRetry={() => void opened.refetch()} />;
  const content = opened.data === undefined ? undefined : readContent(opened.data.content);
  return (
    <Card
      title={
        <span className="row gap-2">
          <FileLock2 size={18} aria-hidden="true" />
          {t("request.record")}
        </span>
      }
      actions={
        <span className="small soft row gap-1">
          <KeyRound size={14} aria-hidden="true" />
          {t("request.recordNote")}
        </span>
      }
    >
      {content === undefined ? (
        <Skeleton lines={6} />
      ) : (
        <div className="stack">
          <p className="patient-name">{patientName(content.answers) ?? t("disclose.noName")}</p>
          <section className="stack gap-2" aria-label={t("documents.title")}>
            <h3>{t("documents.title")}</h3>
            <Documents entries={content.documents} blobs={disclosure.documents} />
          </section>
          <Sheet rules={rules} stage={2} answers={content.answers} />
        </div>
      )}
    </Card>
  );
}
