import { useMutation } from "@tanstack/react-query";

import { ErrorNote } from "../../app/ErrorNote";
import { Button, Dialog, Progress } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { withPassword } from "../../ward/step-up";

/** A passkey: what it gives through WebAuthn's PRF extension opens the keys. */
export function PasskeyDialog({ onClose, onDone }: { readonly onClose: () => void; readonly onDone: () => void }) {
  const { t } = useI18n();
  const { ward, me } = useWard();
  const add = useMutation({
    mutationFn: () => withPassword(() => ward.recovery.addPasskey({ rpId: location.hostname, name: me.name, application: t("common.product") })),
    onSuccess: onDone,
  });
  return (
    <Dialog
      title={t("passkey.title")}
      isOpen
      onClose={onClose}
      size="s"
      footer={
        <>
          <Button onPress={onClose} isDisabled={add.isPending}>
            {t("common.cancel")}
          </Button>
          <Button variant="primary" onPress={() => add.mutate()} isPending={add.isPending} autoFocus>
            {t("passkey.action")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>{t("passkey.text")}</p>
        {add.isPending ? <Progress label={t("recover.passkeyWaiting")} value={null} /> : <ErrorNote error={add.error} />}
      </div>
    </Dialog>
  );
}
