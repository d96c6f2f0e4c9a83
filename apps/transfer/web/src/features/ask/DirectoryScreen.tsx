import { Page } from "../../app/Page";
import { useI18n } from "../../i18n/context";
import { useRules } from "../content/useRules";
import { Directory } from "./Directory";

const NEEDS = { family: undefined, capabilities: [], language: undefined } as const;

/** The public directory, to look something up. */
export default function DirectoryScreen() {
  const { t } = useI18n();
  const rules = useRules();
  return (
    <Page title={t("nav.directory")} lead={t("ask.directoryLead")} width="wide">
      <Directory rules={rules} needs={NEEDS} matches={false} />
    </Page>
  );
}
