import { useMutation } from "@tanstack/react-query";

import { ErrorNote } from "../../app/ErrorNote";
import { Button, Callout } from "../../design";
import { useI18n } from "../../i18n/context";
import { useKeeper } from "../../ward/context";

/** The new password holds; it is used at once. */
export function Done({ name, password }: { readonly name: string; readonly password: string }) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const enter = useMutation({
    mutationFn: async () => {
      // What the recovery opened goes; the new password opens it again, and is kept as the sign-in page keeps it.
      await keeper.endRecovery();
      await keeper.unlock({ name, password, own: false });
    },
  });
  return (
    <div className="stack gap-4">
      <Callout tone="good" role="status" title={t("recover.done")}>
        {t("recover.doneText")}
      </Callout>
      {enter.isPending ? null : <ErrorNote error={enter.error} />}
      <Button variant="primary" size="l" wide autoFocus onPress={() => enter.mutate()} isPending={enter.isPending}>
        {t(enter.isPending ? "unlock.opening" : "recover.go")}
      </Button>
    </div>
  );
}
