import { useState, type FormEvent } from "react";

import { Button, TextField } from "../../design";
import { useI18n } from "../../i18n/context";
import { useKeeper } from "../../ward/context";
import { GROUPS, wrongGroup } from "../../ward/code-text";
import type { SetPassword } from "./ways";

/** The code from the sheet. Slips of the pen are found here; the code is tried when the new password is set. */
export function ByCode({ name, onProven }: { readonly name: string; readonly onProven: (set: SetPassword) => void }) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const [code, setCode] = useState("");
  const [tried, setTried] = useState(false);
  const wrong = wrongGroup(code);
  const error = code.trim() === "" ? t("recover.needRecoveryCode") : wrong === "short" ? t("recover.codeShort", { groups: GROUPS }) : wrong === undefined ? undefined : t("recover.codeGroup", { group: wrong });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (error === undefined) onProven((password) => keeper.recoverByCode(name, code, password));
  };
  return (
    <form className="stack gap-4" onSubmit={submit} noValidate>
      <TextField
        label={t("recover.typeCode")}
        hint={t("recover.typeCodeHint")}
        name="recovery-code"
        value={code}
        onChange={(text) => setCode(text.toUpperCase())}
        autoComplete="off"
        spellCheck="false"
        autoFocus
        error={tried ? error : undefined}
      />
      <Button type="submit" variant="primary" size="l" wide>
        {t("common.continue")}
      </Button>
    </form>
  );
}
