import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { absorbCase, api, keys, type CaseRecord, type RequestRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { Confirm } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Rules } from "../content/rules";
import { AnswerView, currentAnswer } from "../request/AnswerView";
import { seesOf } from "./access";

export interface ChooseDialogProps {
  readonly rules: Rules;
  readonly record: CaseRecord;
  readonly request: RequestRecord;
  readonly nameOf: (group: string) => string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Asks, with a summary, whether this offer is taken: which date, and whom that releases. */
export function ChooseDialog({ rules, record, request, nameOf, onClose, onDone }: ChooseDialogProps) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const facility = nameOf(request.to);
  const offer = currentAnswer(request);
  const released = record.requests.filter(({ id, state }) => id !== request.id && rules.requestState(state).open);
  const refused = record.requests.filter((other) => other.id !== request.id && !released.includes(other) && seesOf(rules, other) !== "nothing");

  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      absorbCase(client, await api.cases.choose(record.id, record.version, request.id));
      onDone();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
      void client.invalidateQueries({ queryKey: keys.case(record.id) });
    }
  };

  return (
    <Confirm title={t("choose.title", { facility })} action={t("choose.action")} isOpen onClose={onClose} onConfirm={() => void confirm()} isPending={busy} error={<ErrorNote error={error} />}>
      {offer === undefined ? null : <AnswerView rules={rules} request={request} answer={offer} />}
      {released.length + refused.length === 0 ? (
        <p>{t("choose.nobodyElse")}</p>
      ) : (
        <div className="stack gap-2">
          <p>{t("choose.released", { n: released.length + refused.length })}</p>
          <ul className="plain-list">
            {[...released, ...refused].map(({ id, to }) => (
              <li key={id}>{nameOf(to)}</li>
            ))}
          </ul>
          <p className="small soft">{t("choose.revoked")}</p>
        </div>
      )}
    </Confirm>
  );
}
