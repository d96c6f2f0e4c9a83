import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { keys } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility, useFacilityName } from "../../app/facility";
import { Page } from "../../app/Page";
import { Button, Callout, Card, LinkButton, Progress, Skeleton, TextField } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { claim, finishMailCode, lookForWaiting, startMailCode, type Claimed } from "../../ward/escrow";
import { withPassword } from "../../ward/step-up";
import { CompareNumber } from "../team/CompareNumber";
import { RegisterSteps } from "./RegisterSteps";
import "./register.css";

const digits = (text: string): string => text.replace(/\D/g, "").slice(0, 8);
const shown = (code: string): string => (code.length > 4 ? `${code.slice(0, 4)} ${code.slice(4)}` : code);

/** What waits for a facility that has its keys now: proven to the key server, opened with progress. */
export default function WaitingScreen() {
  const { t } = useI18n();
  const { ward } = useWard();
  const { group } = useFacility();
  const nameOf = useFacilityName();
  const client = useQueryClient();
  const waiting = useQuery({ queryKey: ["waiting", group], queryFn: () => lookForWaiting(ward, group), retry: false });
  const [sent, setSent] = useState<{ readonly attempt: string; readonly to: string }>();
  const [code, setCode] = useState("");
  const [phone, setPhone] = useState("");
  const [tried, setTried] = useState(false);
  const [progress, setProgress] = useState<{ readonly done: number; readonly whole: number }>();
  const [claimed, setClaimed] = useState<Claimed>();

  const start = useMutation({ mutationFn: () => startMailCode(ward, group, waiting.data?.byMail[0]?.id ?? ""), onSuccess: setSent });
  const open = useMutation({
    mutationFn: () =>
      withPassword(async () => {
        if (sent !== undefined && code !== "") await finishMailCode(ward, sent.attempt, code);
        return claim(ward, group, phone.trim() === "" ? undefined : phone.trim(), (done, whole) => setProgress({ done, whole }));
      }),
    onSuccess: async (result) => {
      setClaimed(result);
      await Promise.all([client.invalidateQueries({ queryKey: keys.requests(group) }), client.invalidateQueries({ queryKey: ["waiting", group] })]);
    },
    onSettled: () => setProgress(undefined),
  });

  const data = waiting.data;
  const needsMail = (data?.byMail.length ?? 0) > 0;
  const needsPhone = (data?.byPhone.length ?? 0) > 0;
  const mine = data === undefined ? 0 : data.byMail.length + data.byPhone.length + data.free.length;
  const isReady = (!needsMail || (sent !== undefined && code.length === 8) || mine > (data?.byMail.length ?? 0)) && (!needsPhone || phone.trim() !== "" || mine > (data?.byPhone.length ?? 0));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (isReady && !open.isPending) open.mutate();
  };
  const done = (claimed !== undefined && mine === 0) || (data !== undefined && mine === 0 && data.byNumber.length === 0);

  return (
    <Page title={done ? t("register.done", { facility: nameOf(group) }) : t("register.title")} width="read">
      <RegisterSteps at={done ? "done" : open.isPending ? "open" : "code"} />
      <Card>
        <div className="stack register-card">
          {data === undefined ? waiting.isError ? <ErrorNote error={waiting.error} onRetry={() => void waiting.refetch()} /> : <Progress label={t("register.looking")} value={null} /> : null}
          {claimed === undefined ? null : (
            <>
              {claimed.opened > 0 ? <Callout tone="good" role="status" title={t("register.opened", { n: claimed.opened })} /> : null}
              {claimed.failed > 0 ? <Callout tone="wait">{t("register.failed", { n: claimed.failed })}</Callout> : null}
            </>
          )}
          {data !== undefined && mine > 0 ? (
            <form className="stack" onSubmit={submit} noValidate>
              {needsMail ? (
                sent === undefined ? (
                  <div className="stack gap-2">
                    <p>{t("register.lead", { n: mine, facility: nameOf(group) })}</p>
                    <ErrorNote error={start.error} />
                    <div>
                      <Button variant="primary" size="l" onPress={() => start.mutate()} isPending={start.isPending}>
                        {t("register.sendCode")}
                      </Button>
                    </div>
                  </div>
                ) : (
                  <>
                    <p>{t("register.codeText", { address: sent.to })}</p>
                    <div className="narrow">
                      <TextField label={t("register.code")} hint={t("recover.codeHint")} name="mail-code" value={shown(code)} onChange={(text) => setCode(digits(text))} inputMode="numeric" autoComplete="one-time-code" autoFocus isDisabled={open.isPending} error={tried && code.length !== 8 ? t("recover.needCode") : undefined} />
                    </div>
                  </>
                )
              ) : null}
              {needsPhone ? (
                <div className="narrow">
                  <TextField label={t("register.phoneCode")} hint={t("register.phoneCodeHint")} name="phone-code" value={phone} onChange={(text) => setPhone(text.toUpperCase())} autoComplete="off" spellCheck="false" isDisabled={open.isPending} error={claimed?.wrongCode === true ? t("register.phoneWrong") : tried && phone.trim() === "" && !isReady ? t("register.phoneNeeded") : undefined} />
                </div>
              ) : null}
              {open.isPending ? <Progress label={t("register.opening", { n: progress?.whole ?? mine })} value={progress === undefined ? null : progress.done / progress.whole} /> : <ErrorNote error={open.error} />}
              {needsMail && sent === undefined ? null : (
                <div className="row">
                  <Button type="submit" variant="primary" size="l" isPending={open.isPending}>
                    {t("register.open")}
                  </Button>
                  {sent === undefined ? null : (
                    <Button variant="quiet" onPress={() => start.mutate()} isPending={start.isPending} isDisabled={open.isPending}>
                      {t("register.sendAgain")}
                    </Button>
                  )}
                </div>
              )}
            </form>
          ) : null}
          {data !== undefined && data.byNumber.length > 0 ? (
            <div className="stack gap-2">
              <p>{t("register.waitsFor", { n: data.byNumber.length })}</p>
              <CompareNumber of={group} label={t("register.number")} />
            </div>
          ) : null}
          {data === undefined && !waiting.isError ? <Skeleton lines={2} /> : null}
          {done || (data?.byNumber.length ?? 0) > 0 ? (
            <div>
              <LinkButton href="/inbox" variant={done ? "primary" : "secondary"} size="l">
                {t("register.toInbox")}
              </LinkButton>
            </div>
          ) : null}
        </div>
      </Card>
    </Page>
  );
}
