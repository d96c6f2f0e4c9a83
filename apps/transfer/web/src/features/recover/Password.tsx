import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { ErrorNote } from "../../app/ErrorNote";
import { Button } from "../../design";
import { useI18n } from "../../i18n/context";
import { NewPassword, useNewPassword } from "../unlock/NewPassword";
import type { SetPassword } from "./ways";

interface PasswordProps {
  readonly name: string;
  readonly set: SetPassword;
  readonly onSet: (password: string) => void;
  /** To type the proof again, where it is tried only now. */
  readonly onBack: (() => void) | undefined;
}

/** The new password. With it the recovery happens, in one statement. */
export function Password({ name, set, onSet, onBack }: PasswordProps) {
  const { t } = useI18n();
  const typed = useNewPassword();
  const [tried, setTried] = useState(false);
  const change = useMutation({ mutationFn: set, onSuccess: (_, password) => onSet(password) });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (typed.isReady && !change.isPending) change.mutate(typed.password);
  };
  return (
    <form className="stack gap-4" onSubmit={submit} noValidate>
      <div className="stack gap-1">
        <h2>{t("recover.newTitle")}</h2>
        <p className="soft">{t("recover.newText")}</p>
      </div>
      {/* So that password managers keep it for the right person. */}
      <input type="text" className="visually-hidden" name="username" autoComplete="username" value={name} readOnly tabIndex={-1} aria-hidden="true" />
      <NewPassword state={typed} label={t("account.password.new")} forbidden={[name]} tried={tried} isDisabled={change.isPending} autoFocus />
      {change.isPending ? null : <ErrorNote error={change.error} />}
      <Button type="submit" variant="primary" size="l" wide isPending={change.isPending}>
        {t(change.isPending ? "recover.setting" : "recover.setPassword")}
      </Button>
      {onBack === undefined || change.error === null || change.isPending ? null : (
        <Button wide onPress={onBack}>
          {t("common.back")}
        </Button>
      )}
    </form>
  );
}
