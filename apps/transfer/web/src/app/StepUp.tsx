import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { Button, Dialog } from "../design";
import { PasswordField } from "../features/unlock/PasswordField";
import { useI18n } from "../i18n/context";
import { useWard } from "../ward/context";
import { onPasswordNeeded } from "../ward/step-up";
import { ErrorNote } from "./ErrorNote";

interface Waiting {
  readonly given: () => void;
  readonly refused: (reason: unknown) => void;
}

/** Over another dialog the field is focused once more: the one below takes the focus back before it gives way. */
function focusField(form: HTMLFormElement | null): void {
  if (form !== null) requestAnimationFrame(() => form.querySelector("input")?.focus());
}

/** Asks for the password when a step needs more than what a shared computer keeps; what was wanted then goes on. */
export function StepUp() {
  const { t } = useI18n();
  const { ward } = useWard();
  const [password, setPassword] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [tried, setTried] = useState(false);
  const waiting = useRef<Waiting>(undefined);

  const end = (how: "given" | "refused"): void => {
    setOpen(false);
    setPassword("");
    setTried(false);
    step.reset();
    const { current } = waiting;
    waiting.current = undefined;
    if (how === "given") current?.given();
    else current?.refused(new DOMException("the password was not given", "AbortError"));
  };
  const step = useMutation({
    mutationFn: () => ward.stepUp(password),
    onSuccess: () => end("given"),
    onError: () => setPassword(""),
  });

  useEffect(() => {
    const stop = onPasswordNeeded(
      () =>
        new Promise<void>((given, refused) => {
          waiting.current = { given, refused };
          setOpen(true);
        }),
    );
    return () => {
      stop();
      waiting.current?.refused(new DOMException("the page was locked", "AbortError"));
      waiting.current = undefined;
    };
  }, []);

  const submit = (): void => {
    setTried(true);
    if (password !== "" && !step.isPending) step.mutate();
  };
  return (
    <Dialog
      title={t("stepUp.title")}
      size="s"
      role="alertdialog"
      isOpen={isOpen}
      onClose={() => end("refused")}
      footer={
        <>
          <Button onPress={() => end("refused")} isDisabled={step.isPending}>
            {t("common.cancel")}
          </Button>
          <Button variant="primary" onPress={submit} isPending={step.isPending}>
            {t("stepUp.action")}
          </Button>
        </>
      }
    >
      <form
        ref={focusField}
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          // React hands what happens in a dialog on to what it stands in, which may be a form too.
          event.stopPropagation();
          submit();
        }}
      >
        <p>{t("stepUp.text")}</p>
        <PasswordField
          label={t("unlock.password")}
          hint={t("stepUp.note")}
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          isDisabled={step.isPending}
          autoFocus
          error={tried && password === "" && step.error === null && !step.isPending ? t("unlock.needPassword") : undefined}
        />
        {step.isPending ? null : <ErrorNote error={step.error} />}
      </form>
    </Dialog>
  );
}
