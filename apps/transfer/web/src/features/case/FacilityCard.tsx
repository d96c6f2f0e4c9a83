import { Ellipsis, KeyRound, Phone } from "lucide-react";
import { useState } from "react";

import type { CaseRecord, Facility, RequestRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Card, Clock, Deadline, Dialog, IconButton, Menu, Tag, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Read } from "../content/content";
import { toneOf, type Move, type Rules } from "../content/rules";
import { RequestTag } from "../content/StateTag";
import { AnswerView, History, currentAnswer } from "../request/AnswerView";
import { MoveDialog, needsWords } from "../request/MoveDialog";
import { useMove } from "../request/perform";
import { revocationsOf } from "./access";
import { ChooseDialog } from "./ChooseDialog";
import { DisclosureDialog } from "./DisclosureDialog";
import { EscrowNote, EscrowTag } from "./EscrowNote";

export interface FacilityCardProps {
  readonly rules: Rules;
  readonly record: CaseRecord;
  readonly request: RequestRecord;
  readonly facility: Facility | undefined;
  readonly copy: Read;
  readonly nameOf: (group: string) => string;
  readonly save: () => Promise<void>;
}

/** States in which the facility's answer is still awaited. */
const AWAITED = new Set<RequestRecord["state"]>(["sent", "viewed", "in_review"]);

type Open = "disclose" | "choose" | "history" | Move;

/** The one thing to do next with a facility. */
export type NextStep = "disclose" | "choose" | "reply" | "departed" | undefined;

export function nextStep(record: CaseRecord, request: RequestRecord): NextStep {
  const { state, disclosure } = request;
  if (state === "info_needed") return "reply";
  if (state === "interested") return "disclose";
  if (state === "offered") return "choose";
  if (state === "chosen") return disclosure === null ? "disclose" : record.state === "scheduled" ? "departed" : undefined;
  return state === "in_transit" && disclosure === null ? "disclose" : undefined;
}

/** One facility that was asked: its state and answer, and what to do next. */
export function FacilityCard({ rules, record, request, facility, copy, nameOf, save }: FacilityCardProps) {
  const { t, label } = useI18n();
  const perform = useMove(rules);
  const [open, setOpen] = useState<Open>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const name = nameOf(request.to);
  const info = rules.requestState(request.state);
  const answer = currentAnswer(request);
  const revocations = revocationsOf(record, request.id);
  const moves = rules.moves(request.state, "sender").filter((move) => !rules.caseState(record.state).final || move.to === "admitted");
  const moveTo = (to: string): Move | undefined => moves.find((move) => move.to === to && !move.telephone);
  const close = (): void => setOpen(undefined);

  const start = (move: Move): void => {
    if (needsWords(move) || move.to === "in_review") return setOpen(move);
    setBusy(true);
    setError(undefined);
    perform(request, move.to as RequestRecord["state"])
      .then(() => toast(t("case.recorded", { facility: name })), setError)
      .finally(() => setBusy(false));
  };

  const step = nextStep(record, request);
  const reply = moveTo("in_review");
  const departed = moveTo("in_transit");
  const cancel = moveTo("cancelled");
  const canDisclose = request.disclosure === null && ["interested", "offered", "waitlisted", "chosen", "in_transit"].includes(request.state);
  const phone = moves.filter((move) => move.telephone);
  const entry = (move: Move) => ({ id: `${move.to}.${String(move.telephone)}`, label: label(move.labels), onAction: () => start(move), ...(move.to === "cancelled" ? { tone: "danger" as const } : {}) });
  const sections = [
    {
      entries: [
        ...(canDisclose && step !== "disclose" ? [{ id: "disclose", label: t("disclose.action"), onAction: () => setOpen("disclose") }] : []),
        ...(departed !== undefined && step !== "departed" ? [entry(departed)] : []),
        { id: "history", label: t("history.title"), onAction: () => setOpen("history") },
      ],
    },
    ...(phone.length > 0 ? [{ title: t("case.byTelephone"), entries: phone.map(entry) }] : []),
    ...(cancel === undefined ? [] : [{ title: t("case.end"), entries: [entry(cancel)] }]),
  ];

  return (
    <Card
      level={3}
      title={name}
      tone={toneOf(info)}
      className="facility-card"
      actions={<Menu label={t("case.moreFor", { facility: name })} trigger={<IconButton label={t("case.moreFor", { facility: name })} icon={<Ellipsis size={18} aria-hidden="true" />} size="s" />} sections={sections} />}
    >
      <div className="stack gap-2">
        <div className="row gap-1">
          <RequestTag rules={rules} state={request.state} />
          {request.enteredBySender ? <Tag icon={<Phone size={13} aria-hidden="true" />}>{t("case.byTelephone")}</Tag> : null}
          {request.escrow === null ? null : <EscrowTag state={request.escrow.state} />}
          {AWAITED.has(request.state) ? <Deadline at={request.deadline} pausedSince={request.pausedSince} /> : null}
        </div>
        <p className="small soft">
          {facility === undefined ? null : `${facility.postcode} ${facility.city} · `}
          <Clock at={request.updated} />
        </p>
        {request.escrow === null || info.final ? null : <EscrowNote request={request} escrow={request.escrow} facility={facility} name={name} />}
        {answer === undefined ? null : <AnswerView rules={rules} request={request} answer={answer} nameOf={nameOf} />}
        {request.disclosure !== null && revocations.all.length === 0 ? (
          <p className="small row gap-1 access-note">
            <KeyRound size={14} aria-hidden="true" />
            {t("case.hasRecord")}
          </p>
        ) : null}
        {revocations.all.length === 0 ? null : (
          <p className="small row gap-1 access-note" role="status">
            <KeyRound size={14} aria-hidden="true" />
            {revocations.open > 0 ? t("case.accessEnding") : t("case.accessEnded")}
          </p>
        )}
        <ErrorNote error={error} />
        {step === undefined ? null : (
          <div className="row">
            {step === "reply" && reply !== undefined ? (
              <Button variant="primary" onPress={() => setOpen(reply)}>
                {t("case.reply")}
              </Button>
            ) : null}
            {step === "disclose" ? (
              <Button variant="primary" onPress={() => setOpen("disclose")}>
                {t("disclose.action")}
              </Button>
            ) : null}
            {step === "choose" ? (
              <Button variant="primary" onPress={() => setOpen("choose")}>
                {t("choose.action")}
              </Button>
            ) : null}
            {step === "departed" && departed !== undefined ? (
              <Button variant="primary" onPress={() => start(departed)} isPending={busy}>
                {label(departed.labels)}
              </Button>
            ) : null}
          </div>
        )}
      </div>
      {open === "disclose" ? (
        <DisclosureDialog
          rules={rules}
          record={record}
          request={request}
          copy={copy}
          facility={name}
          save={save}
          onClose={close}
          onDone={() => {
            close();
            toast(t("disclose.done", { facility: name }));
          }}
        />
      ) : open === "choose" ? (
        <ChooseDialog
          rules={rules}
          record={record}
          request={request}
          nameOf={nameOf}
          onClose={close}
          onDone={() => {
            close();
            toast(t("choose.done", { facility: name }));
          }}
        />
      ) : open === "history" ? (
        <Dialog title={t("history.of", { facility: name })} isOpen onClose={close}>
          <History rules={rules} request={request} sides={{ sender: nameOf(request.from), receiver: name, system: t("history.system") }} />
        </Dialog>
      ) : open === undefined ? null : (
        <MoveDialog
          rules={rules}
          request={request}
          move={open}
          other={name}
          wanted={typeof copy.answers["dateFrom"] === "string" ? copy.answers["dateFrom"] : ""}
          onClose={close}
          onDone={() => {
            close();
            toast(t("case.recorded", { facility: name }));
          }}
        />
      )}
    </Card>
  );
}
