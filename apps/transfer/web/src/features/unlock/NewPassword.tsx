import { CircleAlert, CircleCheck, CircleDashed } from "lucide-react";
import { useEffect, useState } from "react";

import { useI18n } from "../../i18n/context";
import { weaknessOf, type Weakness } from "../../ward/passwords";
import { PasswordField } from "./PasswordField";

/** Characters that a password has at least. */
const LEAST = 10;
/** Milliseconds after the last key before a password is looked at. */
const PAUSE = 250;

/** A new password that somebody types twice. */
export interface NewPasswordState {
  readonly password: string;
  readonly again: string;
  readonly set: (more: { readonly password?: string; readonly again?: string }) => void;
  readonly clear: () => void;
  /** Whether it may be tried: it is there, and both are the same. */
  readonly isReady: boolean;
}

export function useNewPassword(): NewPasswordState {
  const [typed, setTyped] = useState({ password: "", again: "" });
  return {
    ...typed,
    set: (more) => setTyped((before) => ({ ...before, ...more })),
    clear: () => setTyped({ password: "", again: "" }),
    isReady: typed.password !== "" && typed.password === typed.again,
  };
}

export interface NewPasswordProps {
  readonly state: NewPasswordState;
  readonly label: string;
  /** What no password may contain, such as the name. */
  readonly forbidden: readonly string[];
  /** Whether it was tried: what is missing is said only then. */
  readonly tried: boolean;
  readonly isDisabled?: boolean;
  readonly autoFocus?: boolean;
}

/** Two fields for a new password, and how hard it is to guess. */
export function NewPassword({ state, label, forbidden, tried, isDisabled = false, autoFocus = false }: NewPasswordProps) {
  const { t } = useI18n();
  return (
    <>
      <div className="stack gap-2">
        <PasswordField
          label={label}
          hint={t("signUp.hint")}
          value={state.password}
          onChange={(password) => state.set({ password })}
          autoComplete="new-password"
          isDisabled={isDisabled}
          autoFocus={autoFocus}
          error={tried && state.password === "" ? t("unlock.needPassword") : undefined}
        />
        <Strength password={state.password} forbidden={forbidden} />
      </div>
      <PasswordField
        label={t("signUp.again")}
        value={state.again}
        onChange={(again) => state.set({ again })}
        autoComplete="new-password"
        isDisabled={isDisabled}
        error={tried && state.again !== state.password ? t("signUp.differ") : undefined}
      />
    </>
  );
}

/** The same rules as those by which a password is refused, while it is typed. */
function Strength({ password, forbidden }: { readonly password: string; readonly forbidden: readonly string[] }) {
  const { t } = useI18n();
  const [known, setKnown] = useState<{ readonly of: string; readonly weakness: Weakness | undefined }>();
  const missing = LEAST - [...password].length;
  const names = forbidden.join("\n");
  useEffect(() => {
    if (missing > 0) return;
    let stale = false;
    const timer = setTimeout(() => {
      weaknessOf(password, names.split("\n")).then(
        (weakness) => (stale ? undefined : setKnown({ of: password, weakness })),
        // It is looked at again when it is set.
        () => undefined,
      );
    }, PAUSE);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [password, names, missing]);
  const current = known?.of === password ? known : undefined;
  const level = password === "" ? 0 : missing > 0 ? 1 : current === undefined ? 2 : current.weakness === undefined ? 3 : 1;
  const said =
    password === ""
      ? t("strength.none")
      : missing > 0
        ? t("strength.short", { n: missing })
        : current === undefined
          ? t("common.loading")
          : current.weakness === undefined
            ? t("strength.good")
            : t(`password.${current.weakness}`);
  const Icon = level === 3 ? CircleCheck : level === 1 && missing <= 0 ? CircleAlert : CircleDashed;
  return (
    <div className="strength" data-level={level}>
      <div className="strength-bars" aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
      <p role="status" aria-label={t("strength.label")} className="strength-said">
        <Icon size={14} aria-hidden="true" />
        {said}
      </p>
    </div>
  );
}
