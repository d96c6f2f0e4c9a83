import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { ErrorNote } from "../../app/ErrorNote";
import { Button, Dialog } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { withPassword } from "../../ward/step-up";
import { NewPassword, useNewPassword } from "../unlock/NewPassword";

interface PasswordDialogProps {
  readonly isNew: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Another password. The one before ends in the same step. */
export function PasswordDialog({ isNew, onClose, onDone }: PasswordDialogProps) {
  const { t } = useI18n();
  const { ward, me } = useWard();
  const typed = useNewPassword();
  const [tried, setTried] = useState(false);
  const change = useMutation({ mutationFn: () => withPassword(() => ward.setPassword(typed.password, [me.name])), onSuccess: onDone });
  const submit = (): void => {
    setTried(true);
    if (typed.isReady && !change.isPending) change.mutate();
  };
  return (
    <Dialog
      title={t(isNew ? "ways.kind.password" : "account.password")}
      isOpen
      onClose={onClose}
      size="s"
      footer={
        <>
          <Button onPress={onClose} isDisabled={change.isPending}>
            {t("common.cancel")}
          </Button>
          <Button variant="primary" onPress={submit} isPending={change.isPending}>
            {t(isNew ? "ways.setUp" : "account.password.change")}
          </Button>
        </>
      }
    >
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p className="soft">{t("recover.newText")}</p>
        <NewPassword state={typed} label={t("account.password.new")} forbidden={[me.name]} tried={tried} isDisabled={change.isPending} autoFocus />
        {change.isPending ? null : <ErrorNote error={change.error} />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
