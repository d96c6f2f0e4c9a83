import { useState } from "react";

import type { RequestRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, DateField, Dialog, TextArea, Tick } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Move, Rules, Side } from "../content/rules";
import { useMove, type Said } from "./perform";

/** Whether a move asks for words before it is made. */
export function needsWords(move: Move): boolean {
  return move.needs.length > 0;
}

export interface MoveDialogProps {
  readonly rules: Rules;
  readonly request: RequestRecord;
  readonly move: Move;
  /** Whom the answer goes to, by name. */
  readonly other: string;
  readonly onClose: () => void;
  readonly onDone: (record: RequestRecord) => void;
  /** The day that was wished for. */
  readonly wanted?: string;
}

/** A day as calendars have it, in this time zone. */
export function today(now = new Date()): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Asks for what has to come with a move: a date, reasons, a question. */
export function MoveDialog({ rules, request, move, other, onClose, onDone, wanted = "" }: MoveDialogProps) {
  const { t, label } = useI18n();
  const perform = useMove(rules);
  const [date, setDate] = useState(move.to === "offered" ? (wanted < today() ? "" : wanted) : "");
  const [reasons, setReasons] = useState<readonly string[]>([]);
  const [text, setText] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const offers = move.to === "offered";
  const asks = move.to === "info_needed";
  const needsReasons = move.needs.includes("reasons");
  const needsText = move.needs.includes("sealed") && !offers && !needsReasons;
  const problems = {
    date: offers && (date === "" || date < today()) ? t("move.needDate") : undefined,
    reasons: needsReasons && reasons.length === 0 ? t("move.needReason") : undefined,
    text: needsText && text.trim() === "" ? t("move.needText") : undefined,
  };
  const said: Said = {
    ...(offers ? { date, ...(text.trim() === "" ? {} : { conditions: text.trim() }) } : {}),
    ...(needsReasons ? { reasons } : {}),
    ...(!offers && text.trim() !== "" ? (asks ? { question: text.trim() } : { text: text.trim() }) : {}),
  };
  // By telephone it is the facility that speaks.
  const speaker: Side = move.telephone ? "receiver" : move.side;
  // What the other side may no longer open is not sealed for it.
  const hasText = move.to !== "cancelled";

  const send = async (): Promise<void> => {
    setTried(true);
    if (Object.values(problems).some((problem) => problem !== undefined)) return;
    setBusy(true);
    setError(undefined);
    try {
      onDone(await perform(request, move.to as RequestRecord["state"], hasText ? said : { reasons }));
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  const shown = (problem: string | undefined): { readonly error?: string } => (tried && problem !== undefined ? { error: problem } : {});

  return (
    <Dialog
      title={label(move.labels)}
      isOpen
      onClose={onClose}
      size={needsReasons ? "l" : "m"}
      footer={
        <>
          <Button onPress={onClose} isDisabled={busy}>
            {t("common.cancel")}
          </Button>
          <Button variant={move.to === "cancelled" || move.to === "declined" || move.to === "offer_withdrawn" ? "danger" : "primary"} onPress={() => void send()} isPending={busy}>
            {label(move.labels)}
          </Button>
        </>
      }
    >
      <div
        className="stack gap-4"
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
        }}
      >
        <p className="small soft">{move.telephone ? t("move.byTelephone", { facility: other }) : hasText ? t("move.sealedFor", { facility: other }) : t("move.cancelNote", { facility: other })}</p>
        {offers ? <DateField label={t("move.date")} value={date} onChange={setDate} min={today()} isRequired autoFocus {...shown(problems.date)} /> : null}
        {needsReasons ? <Reasons rules={rules} side={speaker} value={reasons} onChange={setReasons} {...shown(problems.reasons)} /> : null}
        {hasText ? (
          <TextArea
            label={offers ? t("move.conditions") : asks ? t("move.question") : needsReasons ? t("move.remark") : t("move.text")}
            hint={offers ? t("move.conditionsHint") : undefined}
            value={text}
            onChange={setText}
            isRequired={needsText}
            autoFocus={!offers && !needsReasons}
            maxLength={4000}
            {...shown(problems.text)}
          />
        ) : null}
        <ErrorNote error={error} />
      </div>
    </Dialog>
  );
}

interface ReasonsProps {
  readonly rules: Rules;
  readonly side: Side;
  /** In the order in which they were taken: the first is the main one. */
  readonly value: readonly string[];
  readonly onChange: (value: readonly string[]) => void;
  readonly error?: string;
}

/** Reasons in their groups; several may be given, the first is the main one. */
export function Reasons({ rules, side, value, onChange, error }: ReasonsProps) {
  const { t, label } = useI18n();
  return (
    <fieldset className="reasons" aria-describedby={error === undefined ? undefined : "reasons-error"}>
      <legend className="field-label">{t("move.reasons")}</legend>
      <p className="field-hint">{t("move.reasonsHint")}</p>
      {error === undefined ? null : (
        <p id="reasons-error" role="alert" className="field-error">
          {error}
        </p>
      )}
      <div className="reasons-groups">
        {rules.reasons(side).map(({ group, reasons }) => (
          <div key={group.code} className="stack gap-1" role="group" aria-label={label(group.labels)}>
            <span className="tiny faint strong">{label(group.labels)}</span>
            {reasons.map((reason) => (
              <Tick key={reason.code} value={value.includes(reason.code)} onChange={(taken) => onChange(taken ? [...value, reason.code] : value.filter((code) => code !== reason.code))}>
                {label(reason.labels)}
                {value[0] === reason.code && value.length > 1 ? <span className="faint"> ({t("move.main")})</span> : null}
              </Tick>
            ))}
          </div>
        ))}
      </div>
    </fieldset>
  );
}
