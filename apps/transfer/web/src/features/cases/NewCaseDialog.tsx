import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";

import type { CareFamily, Urgency } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility } from "../../app/facility";
import { Button, Choices, Dialog, Disclosure, Select } from "../../design";
import { useI18n } from "../../i18n/context";
import { createCase, useWard } from "../../ward";
import type { Import, Rules } from "../content/rules";
import { BundleImport, ImportSummary } from "../form/BundleImport";

export interface NewCaseDialogProps {
  readonly rules: Rules;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Opens a case: what is sought and how soon; the form may be prefilled from a bundle. */
export function NewCaseDialog({ rules, isOpen, onClose }: NewCaseDialogProps) {
  return isOpen ? <NewCase rules={rules} onClose={onClose} /> : null;
}

function NewCase({ rules, onClose }: { readonly rules: Rules; readonly onClose: () => void }) {
  const { t, label } = useI18n();
  const { ward } = useWard();
  const { group } = useFacility();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [urgency, setUrgency] = useState<Urgency>("planned");
  const [careType, setCareType] = useState("");
  const [imported, setImported] = useState<Import>();
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const create = async (): Promise<void> => {
    setTried(true);
    const family = rules.familyOf(careType) as CareFamily | undefined;
    if (family === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      const answers = { ...imported?.answers, urgency, careType };
      const record = await createCase(ward, client, { facility: group, urgency, family, ready: false, consent: false, answers, notes: "" });
      onClose();
      navigate(`/cases/${record.id}`);
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  const families = rules.catalogue.families;
  return (
    <Dialog
      title={t("newCase.title")}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose} isDisabled={busy}>
            {t("common.cancel")}
          </Button>
          <Button variant="primary" onPress={() => void create()} isPending={busy}>
            {t("newCase.create")}
          </Button>
        </>
      }
    >
      <div className="stack gap-4">
        <Select
          label={t("newCase.careType")}
          value={careType}
          onChange={setCareType}
          isRequired
          error={tried && careType === "" ? t("newCase.needCareType") : undefined}
          options={rules.catalogue.careTypes.map((care) => ({
            value: care.code,
            label: label(care.labels),
            hint: label(families.find(({ code }) => code === care.family)?.labels ?? care.labels),
          }))}
        />
        <Choices
          label={label(rules.field("urgency")?.labels ?? { en: "Urgency", fr: "Urgence", de: "Dringlichkeit" })}
          value={urgency}
          onChange={setUrgency}
          isRequired
          options={rules.catalogue.urgencies.map(({ code, labels }) => ({ value: code as Urgency, label: label(labels) }))}
        />
        {imported === undefined ? (
          <Disclosure title={t("import.title")}>
            <div className="stack gap-3">
              <p className="small soft">{t("import.lead")}</p>
              <BundleImport rules={rules} onImport={setImported} />
            </div>
          </Disclosure>
        ) : (
          <ImportSummary rules={rules} result={imported} taken={Object.keys(imported.answers).length} />
        )}
        <p className="small faint">{t("newCase.sealed")}</p>
        <ErrorNote error={error} />
      </div>
    </Dialog>
  );
}
