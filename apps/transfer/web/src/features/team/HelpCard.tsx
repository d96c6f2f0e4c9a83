import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LifeBuoy } from "lucide-react";
import { useState } from "react";

import { api, keys } from "../../api";
import type { HelpAsker } from "../../api/types";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility } from "../../app/facility";
import { Button, Card, Clock, Confirm, Tag, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { help } from "../../ward/recovery";
import { withPassword } from "../../ward/step-up";
import { TagPanel } from "../recover/TagPanel";

/** Milliseconds between two looks, should a word of the server be missed. */
const LOOK = 30_000;

/** Members who have lost their way in and ask for help: for administrators. Nothing where there is none. */
export function HelpCard({ shown }: { readonly shown: (user: string) => string }) {
  const { t, format } = useI18n();
  const { ward, me } = useWard();
  const { group } = useFacility();
  const client = useQueryClient();
  const found = useQuery({ queryKey: keys.help, queryFn: ({ signal }) => api.recovery.help(signal), refetchInterval: LOOK });
  const [helping, setHelping] = useState<{ readonly asker: HelpAsker; readonly tag: string }>();
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: keys.help });
  // What is compared comes from the key to which the help goes, not from the server's word.
  const look = useMutation({
    mutationFn: async (asker: HelpAsker) => ({ asker, tag: await ward.recovery.tag(asker.clientKey) }),
    onSuccess: setHelping,
  });
  const approve = useMutation({
    mutationFn: (asker: HelpAsker) => withPassword(() => help(ward, asker)),
    onSuccess: async (_, asker) => {
      setHelping(undefined);
      toast(t(asker.released.length + 1 >= asker.quorum ? "team.helpDone" : "team.helpGave", { name: shown(asker.user) }));
      await refresh();
    },
  });
  const decline = useMutation({
    mutationFn: (asker: HelpAsker) => api.recovery.decline(asker.id),
    onSuccess: async (_, asker) => {
      setHelping(undefined);
      toast(t("team.helpDeclined", { name: shown(asker.user) }));
      await refresh();
    },
  });
  const open = found.data?.filter((asker) => asker.group === group && asker.state === "waiting" && asker.user !== me.user) ?? [];
  if (open.length === 0) return null;
  const busy = approve.isPending || decline.isPending;
  return (
    <Card title={t("team.helpNote", { n: open.length })} tone="wait" flush>
      <ul className="rows" aria-label={t("team.help")}>
        {open.map((asker) => (
          <li key={asker.id} className="team-row team-help">
            <span className="team-mark" data-tone="wait" aria-hidden="true">
              <LifeBuoy size={18} />
            </span>
            <span className="grow">
              <span className="strong">{shown(asker.user)}</span>
              <span className="team-help-note">
                {t("team.helpAsked")} <Clock at={asker.created} /> · {t("team.helpUntil", { when: format.dateTime(asker.expires) })}
              </span>
            </span>
            {asker.released.includes(me.user) ? (
              <Tag tone="good">{t("team.helpGaveTag")}</Tag>
            ) : (
              <span className="row">
                <Button variant="primary" onPress={() => look.mutate(asker)} isPending={look.isPending}>
                  {t("team.helpApprove")}
                </Button>
                <Button variant="danger-quiet" onPress={() => decline.mutate(asker)} isDisabled={busy}>
                  {t("team.helpDecline")}
                </Button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {decline.error === null && look.error === null ? null : (
        <div className="card-body">
          <ErrorNote error={decline.error ?? look.error} />
        </div>
      )}
      {helping === undefined ? null : (
        <Confirm
          title={t("team.helpTitle", { name: shown(helping.asker.user) })}
          action={t("team.helpSame")}
          isOpen
          onClose={() => {
            approve.reset();
            setHelping(undefined);
          }}
          onConfirm={() => approve.mutate(helping.asker)}
          isPending={approve.isPending}
          error={<ErrorNote error={approve.error} />}
        >
          <p>{t("team.helpCall", { name: shown(helping.asker.user) })}</p>
          <TagPanel label={t("team.helpTag")} tag={helping.tag} />
          <p className="small soft">{t("team.helpNotSame", { name: shown(helping.asker.user) })}</p>
        </Confirm>
      )}
    </Card>
  );
}
