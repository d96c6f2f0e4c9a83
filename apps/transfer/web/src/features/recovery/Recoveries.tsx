import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { RecoveryKind } from "@wardseal/sdk";
import { History, OctagonAlert } from "lucide-react";

import { keys } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { Button, Callout, Card, Clock, Skeleton, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import type { PlainKey } from "../../i18n/languages";
import { useWard } from "../../ward";
import { withPassword } from "../../ward/step-up";

/** Milliseconds between two looks for a recovery that waits. */
const LOOK = 60_000;

const by: Readonly<Partial<Record<RecoveryKind, PlainKey>>> = { code: "events.by.code", mail: "events.by.mail", organisation: "events.by.organisation" };

/** Recoveries of one's own account that wait for their delay: each can be stopped. Nothing where there is none. */
export function PendingRecoveries({ banner = false }: { readonly banner?: boolean }) {
  const { t, format } = useI18n();
  const { ward } = useWard();
  const client = useQueryClient();
  const methods = useQuery({ queryKey: keys.methods, queryFn: () => ward.recovery.methods() });
  const waits = methods.data?.some(({ kind, delayHours }) => kind === "mail" && (delayHours ?? 0) > 0) ?? false;
  const pending = useQuery({ queryKey: keys.pendingRecoveries, queryFn: () => ward.recovery.pending(), enabled: waits, refetchInterval: LOOK, retry: false });
  const veto = useMutation({
    mutationFn: (attempt: string) => withPassword(() => ward.recovery.veto(attempt)),
    onSuccess: async () => {
      toast(t("events.vetoed"));
      await client.invalidateQueries({ queryKey: keys.pendingRecoveries });
    },
  });
  return pending.data?.map(({ attempt, ready }) => banner ? (
    <div key={attempt} role="alert" className="banner no-print" data-tone="bad">
      <OctagonAlert size={18} aria-hidden="true" />
      <p className="banner-text">
        <strong>{t("events.pending")}.</strong> {t("events.pendingText", { when: format.dateTime(ready) })}
      </p>
      <Button size="s" variant="danger" onPress={() => veto.mutate(attempt)} isPending={veto.isPending}>
        {t("events.veto")}
      </Button>
    </div>
  ) : (
    <Callout
      key={attempt}
      tone="bad"
      role="alert"
      title={t("events.pending")}
      actions={
        <Button size="s" variant="danger" onPress={() => veto.mutate(attempt)} isPending={veto.isPending}>
          {t("events.veto")}
        </Button>
      }
    >
      {t("events.pendingText", { when: format.dateTime(ready) })}
      <ErrorNote error={veto.error} />
    </Callout>
  ));
}

/** Every recovery that happened, from the person's own chain: no server can leave one out. */
export function Recoveries() {
  const { t } = useI18n();
  const { ward } = useWard();
  const events = useQuery({ queryKey: keys.recoveries, queryFn: () => ward.recovery.events() });
  return (
    <Card title={t("events.title")}>
      {events.data === undefined ? (
        events.isError ? (
          <ErrorNote error={events.error} onRetry={() => void events.refetch()} />
        ) : (
          <Skeleton lines={2} />
        )
      ) : events.data.length === 0 ? (
        <p className="soft">{t("events.none")}</p>
      ) : (
        <div className="stack gap-3">
          <ul className="rows" aria-label={t("events.title")}>
            {events.data.toReversed().map(({ kind, time, entered }) => (
              <li key={entered} className="row gap-3 recovery-event">
                <History size={18} aria-hidden="true" />
                <span className="grow">{t(by[kind] ?? "events.by.other")}</span>
                <span className="small soft">
                  <Clock at={time} exact />
                </span>
              </li>
            ))}
          </ul>
          <p className="small soft">{t("events.notYou")}</p>
        </div>
      )}
    </Card>
  );
}
