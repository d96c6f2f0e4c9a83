import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { api, keys, type CaseRecord, type RequestRecord } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { Callout, Confirm, Disclosure, Facts, Tick } from "../../design";
import { useI18n } from "../../i18n/context";
import { changeCase, useJobs, useOutbox, useWard } from "../../ward";
import { patientName } from "../cases/names";
import type { Read } from "../content/content";
import type { Rules } from "../content/rules";
import { Sheet } from "../sheet/Sheet";
import { answersOf } from "../form/stages";

export interface DisclosureDialogProps {
  readonly rules: Rules;
  readonly record: CaseRecord;
  readonly request: RequestRecord;
  readonly copy: Read;
  readonly facility: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
  /** Saves what was typed last. */
  readonly save: () => Promise<void>;
}

/** Asks, with a summary, whether one facility is to get the full record: who, what, which documents, and that the patient agrees. */
export function DisclosureDialog({ rules, record, request, copy, facility, onClose, onDone, save }: DisclosureDialogProps) {
  const { t, label, format } = useI18n();
  const { ward } = useWard();
  const client = useQueryClient();
  const [consent, setConsent] = useState(record.consent);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const outbox = useOutbox();
  const job = useJobs(record.id).find(({ kind, requests }) => kind === "disclose" && requests.includes(request.id));
  // Without a connection it goes on by itself, and is shown on the case: nobody has to wait here.
  const waits = job?.step === "waiting";
  useEffect(() => {
    if (waits) onClose();
  }, [waits, onClose]);
  // Only what lies at the server whole can be read there.
  const documents = useMemo(() => copy.documents.filter(({ blob }) => record.documents.some((known) => known.id === blob && known.complete)), [copy.documents, record.documents]);
  const stage2 = answersOf(rules, 2, copy.answers);
  const missing = rules.check(2, copy.answers).filter(({ field }) => rules.field(field)?.stage === 2);
  const others = record.requests.filter(({ id }) => id !== request.id).length;

  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await save();
      // What was saved last is what is opened. Consent is recorded before anything is.
      const known = record.consent ? await api.cases.get(record.id) : await changeCase(ward, client, record.id, (content) => content, { consent: true });
      const fields = rules.catalogue.fields.filter(({ stage }) => stage === 2).map(({ id }) => id);
      await outbox.disclose({ case: known, request, fields });
      onDone();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
      void client.invalidateQueries({ queryKey: keys.case(record.id) });
    }
  };

  return (
    <Confirm
      title={t("disclose.title", { facility })}
      action={t("disclose.action")}
      isOpen
      onClose={onClose}
      onConfirm={() => void confirm()}
      isPending={busy}
      isDisabled={!consent}
      error={<ErrorNote error={error} />}
    >
      <p>{t("disclose.lead", { facility })}</p>
      <Facts
        facts={[
          { label: t("disclose.patient"), value: patientName(copy.answers) ?? t("disclose.noName") },
          { label: t("disclose.answers"), value: t("disclose.answersCount", { n: Object.keys(stage2).length }) },
          {
            label: t("documents.title"),
            value:
              documents.length === 0 ? (
                t("documents.none")
              ) : (
                <ul className="plain-list">
                  {documents.map((document) => (
                    <li key={document.blob}>
                      {document.name === "" ? t("documents.unnamed") : document.name} <span className="faint small">{format.bytes(document.size)}</span>
                    </li>
                  ))}
                </ul>
              ),
          },
          { label: t("disclose.others"), value: t("disclose.othersNothing", { n: others }) },
        ]}
      />
      {missing.length === 0 ? null : (
        <Callout tone="wait" title={t("disclose.missing", { n: missing.length })}>
          {format.list(missing.map(({ field }) => label(rules.field(field)?.labels ?? { en: field, fr: field, de: field })))}
        </Callout>
      )}
      <Disclosure title={t("disclose.preview")}>
        <Sheet rules={rules} stage={2} answers={stage2} />
      </Disclosure>
      <Tick value={consent} onChange={setConsent} isDisabled={record.consent}>
        {record.consent ? t("disclose.consentGiven") : t("disclose.consent")}
      </Tick>
      <p className="small faint">{t("disclose.cannotUnsee")}</p>
    </Confirm>
  );
}
