import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";

import { IconButton, TextField } from "../../design";
import { useI18n } from "../../i18n/context";

export interface PasswordFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly autoComplete: "current-password" | "new-password";
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly isDisabled?: boolean;
  readonly autoFocus?: boolean;
}

/** A password that can be pasted and looked at. */
export function PasswordField(props: PasswordFieldProps) {
  const { t } = useI18n();
  const [shown, setShown] = useState(false);
  return (
    <TextField
      {...props}
      name={props.autoComplete}
      type={shown ? "text" : "password"}
      spellCheck="false"
      trailing={
        <IconButton
          label={shown ? t("unlock.hidePassword") : t("unlock.showPassword")}
          size="s"
          icon={shown ? <EyeOff size={16} aria-hidden="true" /> : <Eye size={16} aria-hidden="true" />}
          onPress={() => setShown(!shown)}
        />
      }
    />
  );
}
