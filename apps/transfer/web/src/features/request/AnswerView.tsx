import type { Answer, RequestRecord } from "../../api";
import { Clock, Skeleton } from "../../design";
import { useI18n } from "../../i18n/context";
import { useContent } from "../../ward";
import { readAnswer } from "../content/content";
import type { Rules } from "../content/rules";
import { RequestTag } from "../content/StateTag";

export interface AnswerViewProps {
  readonly rules: Rules;
  readonly request: RequestRecord;
  readonly answer: Answer;
  /** Names the facility that said it, where that is not plain: the name of a group. */
  readonly nameOf?: (group: string) => string;
}

/** Whose words they are: of the sender, when it gave the information that was asked for; of the facility otherwise. */
export function speakerOf({ from, to }: Pick<RequestRecord, "from" | "to">, { state }: Pick<Answer, "state">): string {
  return state === "in_review" || state === "in_transit" || state === "cancelled" ? from : to;
}

/** What came with a move: date and conditions, reasons, a question. */
export function AnswerView({ rules, request, answer, nameOf }: AnswerViewProps) {
  const { t, label, format } = useI18n();
  const opened = useContent(answer.blob, request.session, "answer");
  if (opened.isError) return <p className="small soft">{t("answer.notOpened")}</p>;
  if (opened.data === undefined) return <Skeleton lines={2} />;
  const { date, conditions, question, reasons, text } = readAnswer(opened.data.content);
  return (
    <div className="answer">
      {nameOf === undefined || date !== "" || reasons.length > 0 ? null : (
        <p className="small soft">
          {nameOf(speakerOf(request, answer))} · <Clock at={answer.at} />
        </p>
      )}
      {date === "" ? null : (
        <p className="answer-date">
          <span className="small soft">{t("answer.date")}</span> <strong>{format.day(date)}</strong> <span className="small soft">{format.date(date)}</span>
        </p>
      )}
      {reasons.length === 0 ? null : (
        <ul className="plain-list" aria-label={t("move.reasons")}>
          {reasons.map((code) => (
            <li key={code}>{label(rules.reason(code).labels)}</li>
          ))}
        </ul>
      )}
      {[conditions, question, text].map((words, at) =>
        words === "" ? null : (
          // Words of the other side, as they were written.
          <blockquote key={at} className="answer-words">
            {words}
          </blockquote>
        ),
      )}
    </div>
  );
}

/** The last answer that belongs to the state in which a request is: an offer stays in sight after it was chosen. */
export function currentAnswer({ answers, state }: Pick<RequestRecord, "answers" | "state">): Answer | undefined {
  const wanted = ["chosen", "in_transit", "admitted"].includes(state) ? "offered" : state;
  return answers.findLast((answer) => answer.state === wanted);
}

/** Everything that happened to a request, with what was said, newest first. */
export function History({ rules, request, sides }: { readonly rules: Rules; readonly request: RequestRecord; readonly sides: Readonly<Record<"sender" | "receiver" | "system", string>> }) {
  const { t } = useI18n();
  // Several answers can belong to one state: each to the event with its time.
  const said = (at: number, state: string): Answer | undefined => request.answers.find((answer) => answer.state === state && Math.abs(answer.at - at) < 1000);
  return (
    <ol role="list" className="history" aria-label={t("history.title")}>
      {request.events.toReversed().map((event, at) => {
        const answer = said(event.at, event.state);
        return (
          <li key={`${event.at}.${at}`} className="history-entry">
            <div className="row gap-2">
              <RequestTag rules={rules} state={event.state} />
              <span className="small soft">
                {sides[event.side]} · <Clock at={event.at} exact />
              </span>
            </div>
            {answer === undefined ? null : <AnswerView rules={rules} request={request} answer={answer} />}
          </li>
        );
      })}
    </ol>
  );
}
