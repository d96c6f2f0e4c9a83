import { Button } from "../../design";
import { useI18n } from "../../i18n/context";

/** Without any way back in: a new identity, and the team has the records. */
export function NothingLeft({ onInvitation }: { readonly onInvitation: () => void }) {
  const { t } = useI18n();
  return (
    <div className="stack gap-4">
      <p>{t("recover.nothingText")}</p>
      <ol className="recover-list">
        <li>{t("recover.nothingSteps1")}</li>
        <li>{t("recover.nothingSteps2")}</li>
        <li>{t("recover.nothingSteps3")}</li>
      </ol>
      <Button variant="primary" size="l" wide onPress={onInvitation}>
        {t("recover.haveInvitation")}
      </Button>
    </div>
  );
}
