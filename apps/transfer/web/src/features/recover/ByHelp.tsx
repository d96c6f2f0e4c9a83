import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { ErrorNote } from "../../app/ErrorNote";
import { Button, Callout, Progress, Skeleton } from "../../design";
import { useI18n } from "../../i18n/context";
import { useKeeper } from "../../ward/context";
import type { HelpAttempt, HelpState } from "../../ward/recovery";
import { TagPanel } from "./TagPanel";
import type { SetPassword } from "./ways";

/** Milliseconds between two looks whether somebody answered. */
const LOOK = 3_000;

/** Administrators of the facility, who compare six characters by telephone. */
export function ByHelp({ name, onProven }: { readonly name: string; readonly onProven: (set: SetPassword) => void }) {
  const { t } = useI18n();
  const keeper = useKeeper();
  const [attempt, setAttempt] = useState<HelpAttempt>();
  const [state, setState] = useState<HelpState>("waiting");
  const [error, setError] = useState<unknown>();
  const proven = useRef(onProven);
  proven.current = onProven;

  const ask = useMutation({
    mutationFn: () => keeper.askForHelp(name),
    onSuccess: (next) => {
      setState("waiting");
      setError(undefined);
      setAttempt(next);
    },
  });
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    ask.mutate();
  }, [ask]);

  useEffect(() => {
    if (attempt === undefined || state === "declined" || state === "expired") return;
    let over = false;
    const look = async (): Promise<void> => {
      try {
        const next = await attempt.look();
        if (over) return;
        setError(undefined);
        if (next === "enough") proven.current((password) => attempt.setPassword(password));
        else setState(next);
      } catch (thrown) {
        // Asked again; meanwhile it is said.
        if (!over) setError(thrown);
      }
    };
    const timer = setInterval(() => void look(), LOOK);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [attempt, state]);

  if (attempt === undefined) return ask.isError ? <ErrorNote error={ask.error} onRetry={() => ask.mutate()} /> : <Skeleton lines={4} />;
  const ended = state === "declined" || state === "expired";
  return (
    <div className="stack gap-4">
      {ended ? (
        <Callout
          tone="bad"
          role="alert"
          title={t(state === "declined" ? "recover.helpDeclined" : "recover.helpExpired")}
          actions={
            <Button size="s" onPress={() => ask.mutate()} isPending={ask.isPending}>
              {t("recover.helpAgain")}
            </Button>
          }
        />
      ) : (
        <>
          <h2>{t("recover.helpTitle")}</h2>
          <TagPanel label={t("recover.tag")} tag={attempt.tag} />
          <p>{t("recover.helpText")}</p>
          <div role="status" className="stack gap-3">
            {state === "one" ? <Callout tone="good">{t("recover.helpOne")}</Callout> : null}
            <Progress label={t("recover.helpWaiting")} value={null} />
          </div>
          <ErrorNote error={error} />
        </>
      )}
      <ErrorNote error={ask.error} />
    </div>
  );
}
