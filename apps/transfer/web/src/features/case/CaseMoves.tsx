import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { absorbCase, api, ApiError, keys, type CaseRecord, type CaseUpdate } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacilityName } from "../../app/facility";
import { Confirm } from "../../design";
import { useI18n } from "../../i18n/context";
import type { CaseMove, Rules } from "../content/rules";
import { seesOf } from "./access";

/** Changes what the server knows of a case: its state, and whether the patient is ready. */
export function useCaseChange(): (record: Pick<CaseRecord, "id" | "version">, update: Omit<CaseUpdate, "version">) => Promise<CaseRecord> {
  const client = useQueryClient();
  return useCallback(
    async ({ id, version }, update) => {
      try {
        const next = await api.cases.update(id, { version, ...update });
        absorbCase(client, next);
        return next;
      } catch (error) {
        if (error instanceof ApiError && !error.retryable) void client.invalidateQueries({ queryKey: keys.case(id) });
        throw error;
      }
    },
    [client],
  );
}

export interface CaseMoveDialogProps {
  readonly rules: Rules;
  readonly record: CaseRecord;
  readonly move: CaseMove;
  readonly onClose: () => void;
}

/** Asks before a case ends: every facility is released, and loses what it could read. */
export function CaseMoveDialog({ rules, record, move, onClose }: CaseMoveDialogProps) {
  const { t, label } = useI18n();
  const nameOf = useFacilityName();
  const change = useCaseChange();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const released = record.requests.filter((request) => seesOf(rules, request) !== "nothing");
  return (
    <Confirm
      title={label(move.labels)}
      action={label(move.labels)}
      tone="danger"
      isOpen
      onClose={onClose}
      isPending={busy}
      onConfirm={() => {
        setBusy(true);
        setError(undefined);
        change(record, { state: move.to }).then(onClose, (thrown: unknown) => {
          setError(thrown);
          setBusy(false);
        });
      }}
      error={<ErrorNote error={error} />}
    >
      <p>{t("case.endText")}</p>
      {released.length === 0 ? null : (
        <div className="stack gap-2">
          <p>{t("choose.released", { n: released.length })}</p>
          <ul className="plain-list">
            {released.map(({ id, to }) => (
              <li key={id}>{nameOf(to)}</li>
            ))}
          </ul>
        </div>
      )}
    </Confirm>
  );
}
