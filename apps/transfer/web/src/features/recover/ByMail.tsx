import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";

import { errorCode } from "../../app/errors";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Callout, Progress, Skeleton, TextField, useNow } from "../../design";
import { useI18n } from "../../i18n/context";
import { useKeeper } from "../../ward/context";
import { CodeError, type MailAttempt } from "../../ward/recovery";
import { TagPanel } from "./TagPanel";
import type { SetPassword } from "./ways";

/** Milliseconds between two questions whether the wait is over. */
const ASK_AGAIN = 5_000;

const digits = (text: string): string => text.replace(/\D/g, "").slice(0, 8);

/** Two codes from two servers, each of which has one half of the key. */
export function ByMail({ name, onProven, onAttempt }: { readonly name: string; readonly onProven: (set: SetPassword) => void; readonly onAttempt: (attempt: MailAttempt) => void }) {
  const { t, language } = useI18n();
  const keeper = useKeeper();
  const [attempt, setAttempt] = useState<MailAttempt>();
  const [own, setOwn] = useState("");
  const [vault, setVault] = useState("");
  const [tried, setTried] = useState(false);
  const [ready, setReady] = useState<number>();
  const proven = useRef(onProven);
  proven.current = onProven;

  const begin = useMutation({
    mutationFn: () => keeper.recoverByMail(name, language),
    onSuccess: (next) => {
      setAttempt(next);
      onAttempt(next);
      setOwn("");
      setVault("");
      setTried(false);
      check.reset();
    },
  });
  const check = useMutation({
    mutationFn: async (current: MailAttempt) => ({ current, ...(await current.finish(own, vault)) }),
    onSuccess: ({ current, released, ready: from }) => {
      if (released) proven.current((password) => current.setPassword(password));
      else setReady(from);
    },
  });
  // Strict mode mounts twice; the codes are asked for once.
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    begin.mutate();
  }, [begin]);

  if (ready !== undefined && attempt !== undefined) return <Waiting attempt={attempt} ready={ready} onReleased={() => onProven((password) => attempt.setPassword(password))} />;
  if (attempt === undefined) {
    return begin.isError ? <ErrorNote error={begin.error} onRetry={() => begin.mutate()} /> : <Skeleton lines={4} />;
  }

  const wrong = check.error instanceof CodeError ? check.error : undefined;
  const problem = (which: "own" | "vault", value: string): string | undefined => {
    if (wrong?.which === which && !check.isPending) return wrong.left === undefined ? t("recover.wrongCode") : t("recover.wrongCodeLeft", { n: wrong.left });
    return tried && value.length !== 8 ? t("recover.needCode") : undefined;
  };
  const over = check.error !== null && ["code_expired", "recovery_locked", "recovery_vetoed", "too_many_attempts"].includes(errorCode(check.error));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (own.length === 8 && vault.length === 8 && !check.isPending) check.mutate(attempt);
  };
  const shown = (code: string): string => (code.length > 4 ? `${code.slice(0, 4)} ${code.slice(4)}` : code);
  return (
    <form className="stack gap-4" onSubmit={submit} noValidate>
      <TagPanel label={t("recover.tag")} tag={attempt.tag} />
      <p className="small">{t("recover.tagCompare")}</p>
      <p className="small soft">{t("recover.whyTwo")}</p>
      <div className="recover-codes">
        <TextField
          label={t("recover.ownCode")}
          hint={t("recover.codeHint")}
          name="own-code"
          value={shown(own)}
          onChange={(text) => setOwn(digits(text))}
          inputMode="numeric"
          autoComplete="one-time-code"
          isDisabled={check.isPending || over}
          autoFocus
          error={problem("own", own)}
        />
        <TextField
          label={t("recover.vaultCode")}
          hint={t("recover.codeHint")}
          name="vault-code"
          value={shown(vault)}
          onChange={(text) => setVault(digits(text))}
          inputMode="numeric"
          autoComplete="off"
          isDisabled={check.isPending || over}
          error={problem("vault", vault)}
        />
      </div>
      {check.isPending || wrong !== undefined ? null : <ErrorNote error={check.error} />}
      {over ? (
        <Button variant="primary" size="l" wide onPress={() => begin.mutate()} isPending={begin.isPending}>
          {t("recover.again")}
        </Button>
      ) : (
        <>
          <Button type="submit" variant="primary" size="l" wide isPending={check.isPending}>
            {t(check.isPending ? "recover.checking" : "recover.check")}
          </Button>
          <p className="small soft">
            {t("recover.nothingArrives")}{" "}
            <Button variant="quiet" size="s" onPress={() => begin.mutate()} isPending={begin.isPending} isDisabled={check.isPending}>
              {t("recover.again")}
            </Button>
          </p>
        </>
      )}
      {begin.isPending ? null : <ErrorNote error={begin.error} />}
    </form>
  );
}

/** The vault holds its half back for as long as the person chose; then it goes on by itself. */
export function Waiting({ attempt, ready, onReleased }: { readonly attempt: MailAttempt; readonly ready: number; readonly onReleased: () => void }) {
  const { t, format } = useI18n();
  const now = useNow();
  const [error, setError] = useState<unknown>();
  const released = useRef(onReleased);
  released.current = onReleased;
  useEffect(() => {
    let over = false;
    const timer = setInterval(() => {
      if (over || Date.now() < ready) return;
      attempt.collect().then(
        (done) => {
          if (!done || over) return;
          over = true;
          released.current();
        },
        (thrown: unknown) => {
          // A server that is away is asked again; what was stopped stays so.
          if (["recovery_vetoed", "code_expired", "not_found"].includes(errorCode(thrown))) {
            over = true;
            setError(thrown);
          }
        },
      );
    }, ASK_AGAIN);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [attempt, ready]);
  if (error !== undefined) return <ErrorNote error={error} />;
  return (
    <div className="stack gap-3">
      <Callout tone="wait" role="status" title={t("recover.waitTitle", { when: format.dateTime(ready) })}>
        {t("recover.waitText")}
      </Callout>
      <Progress label={t("recover.waitLeft", { left: format.relative(ready, now) })} value={null} />
    </div>
  );
}
