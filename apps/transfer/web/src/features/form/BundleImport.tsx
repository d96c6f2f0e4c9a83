import { FileUp } from "lucide-react";
import { useState } from "react";
import { DropZone, FileTrigger, isFileDropItem } from "react-aria-components";

import { Button, Callout, Progress } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Answers } from "../content/content";
import { ImportError, type Import, type Rules } from "../content/rules";

/** Bytes of the largest bundle that is read: the same limit as that of the rules, before anything is loaded. */
export const LARGEST_BUNDLE = 64 * 1024 * 1024;

/** Reads a FHIR bundle from a file. It never leaves the page. Throws {@link ImportError}. */
export async function readBundle(rules: Rules, file: Blob): Promise<Import> {
  if (file.size > LARGEST_BUNDLE) throw new ImportError("too_large");
  const bytes = new Uint8Array(await file.arrayBuffer());
  return rules.importBundle(bytes);
}

/** Answers with what was imported: only where nothing was answered. Says how many were taken. */
export function merged(answers: Answers, imported: Answers): { readonly answers: Answers; readonly taken: Answers } {
  const taken = Object.fromEntries(Object.entries(imported).filter(([field]) => answers[field] === undefined));
  return { answers: { ...answers, ...taken }, taken };
}

export interface BundleImportProps {
  readonly rules: Rules;
  readonly onImport: (result: Import) => void;
}

/** Takes a file with a FHIR R4 bundle, dropped or chosen, and says in words what is wrong with it. */
export function BundleImport({ rules, onImport }: BundleImportProps) {
  const { t, label } = useI18n();
  const [error, setError] = useState<string>();
  const [reading, setReading] = useState<string>();
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setError(undefined);
    setReading(file.name);
    try {
      // What reads it does not pause: the page says first that it is at work.
      await new Promise((resolve) => setTimeout(resolve, 30));
      onImport(await readBundle(rules, file));
    } catch (thrown) {
      setError(thrown instanceof ImportError ? label(rules.importNote(thrown.code).labels) : t("import.unreadable"));
    } finally {
      setReading(undefined);
    }
  };
  return (
    <div className="stack gap-3">
      <DropZone
        className="dropzone"
        getDropOperation={() => "copy"}
        onDrop={({ items }) => {
          const [first] = items.filter(isFileDropItem);
          if (first !== undefined) void first.getFile().then(take);
        }}
      >
        <FileUp size={22} aria-hidden="true" />
        <p className="small">{t("import.drop")}</p>
        <FileTrigger acceptedFileTypes={["application/json", "application/fhir+json", ".json"]} onSelect={(files) => void take(files?.[0])}>
          <Button size="s" isDisabled={reading !== undefined}>
            {t("import.choose")}
          </Button>
        </FileTrigger>
      </DropZone>
      {reading === undefined ? null : <Progress label={t("import.reading", { name: reading })} value={null} />}
      {error === undefined ? null : (
        <Callout tone="bad" role="alert" title={t("import.refused")}>
          {error}
        </Callout>
      )}
    </div>
  );
}

/** What an import brought, and what of the bundle was left out. */
export function ImportSummary({ rules, result, taken }: { readonly rules: Rules; readonly result: Import; readonly taken: number }) {
  const { t, label } = useI18n();
  const warnings = [...new Set(result.warnings.map(({ code }) => code))];
  const kept = Object.keys(result.answers).length - taken;
  return (
    <Callout tone={taken > 0 ? "good" : "wait"} role="status" title={t("import.taken", { n: taken })}>
      {kept > 0 ? <p>{t("import.kept", { n: kept })}</p> : null}
      {warnings.length === 0 ? null : (
        <ul className="plain-list">
          {warnings.map((code) => (
            <li key={code}>{label(rules.importNote(code).labels)}</li>
          ))}
        </ul>
      )}
      <p>{t("import.check")}</p>
    </Callout>
  );
}
