import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, UserRoundPen } from "lucide-react";
import { useState } from "react";

import { api, keys } from "../../api";
import type { PendingRestart, Role } from "../../api/types";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility } from "../../app/facility";
import { Button, Callout, Card, Confirm, Dialog, Tag, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { withPassword } from "../../ward/step-up";
import { CompareNumber } from "./CompareNumber";

/** Milliseconds between two looks whether somebody has used an invitation. */
const LOOK = 10_000;

interface RestartDialogProps {
  readonly user: string;
  readonly name: string;
  readonly onClose: () => void;
}

/** An invitation for a member who has nothing left: new keys under the same name. */
export function RestartDialog({ user, name, onClose }: RestartDialogProps) {
  const { t, format } = useI18n();
  const { group } = useFacility();
  const client = useQueryClient();
  const restart = useMutation({
    mutationFn: () => api.restart(user, group),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.restarts(group) }),
  });
  if (restart.data === undefined) {
    return (
      <Confirm title={t("team.restartTitle", { name })} action={t("team.restartAction")} tone="danger" isOpen onClose={onClose} onConfirm={() => restart.mutate()} isPending={restart.isPending} error={<ErrorNote error={restart.error} />}>
        <p>{t("team.restartText", { name })}</p>
        <Callout tone="wait">{t("team.restartSigned", { name })}</Callout>
      </Confirm>
    );
  }
  const { invitation, name: invited, expires } = restart.data;
  const link = `${location.origin}/#${new URLSearchParams({ invitation, name: invited }).toString()}`;
  return (
    <Dialog
      title={t("team.restartInvitation", { name })}
      isOpen
      onClose={onClose}
      role="alertdialog"
      footer={
        <>
          <Button onPress={onClose}>{t("common.close")}</Button>
          <Button
            variant="primary"
            icon={<Copy size={16} aria-hidden="true" />}
            onPress={() => void navigator.clipboard.writeText(link).then(() => toast(t("team.restartCopied")))}
          >
            {t("team.restartCopy")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>{t("team.restartHand", { name, when: format.dateTime(expires) })}</p>
        <output className="team-link mono">{link}</output>
      </div>
    </Dialog>
  );
}

interface RestartsCardProps {
  readonly members: readonly { readonly id: string; readonly role: Role }[];
  readonly onChanged: () => Promise<void>;
}

/** Members who begin anew: their invitations, and whom to compare and take in. Nothing where there is none. */
export function RestartsCard({ members, onChanged }: RestartsCardProps) {
  const { t, format } = useI18n();
  const { ward } = useWard();
  const { group } = useFacility();
  const client = useQueryClient();
  const found = useQuery({ queryKey: keys.restarts(group), queryFn: ({ signal }) => api.restarts(group, signal), refetchInterval: LOOK });
  const [taking, setTaking] = useState<PendingRestart & { readonly user: string }>();
  const take = useMutation({
    mutationFn: ({ old, name, user }: PendingRestart & { readonly user: string }) =>
      withPassword(async () => {
        // The name means somebody else than before: that is what was compared.
        const confirmed = await ward.users.confirm(name);
        if (confirmed !== user) throw Object.assign(new Error("the name means somebody else"), { code: "identity_changed" });
        const role = members.find(({ id }) => id === old)?.role ?? "member";
        if (!members.some(({ id }) => id === user)) await ward.groups.add(group, user, role);
        if (members.some(({ id }) => id === old)) await ward.groups.remove(group, [old]);
      }),
    onSuccess: async (_, { name }) => {
      setTaking(undefined);
      toast(t("team.restartTaken", { name }));
      await Promise.all([onChanged(), client.invalidateQueries({ queryKey: keys.restarts(group) })]);
    },
  });
  // Whoever was taken in again, and whose old identity is gone, is done.
  const open = found.data?.filter(({ old, user }) => user === null || members.some(({ id }) => id === old) || !members.some(({ id }) => id === user)) ?? [];
  if (open.length === 0) return null;
  return (
    <Card title={t("team.restarts")} flush>
      <ul className="rows" aria-label={t("team.restarts")}>
        {open.map((restart) => {
          const { old, name, user, expires } = restart;
          return (
            <li key={old} className="team-row team-help">
              <span className="team-mark" aria-hidden="true">
                <UserRoundPen size={18} />
              </span>
              <span className="grow">
                <span className="strong">{name}</span>
                <span className="team-help-note">{user === null ? t("team.restartWaits", { when: format.dateTime(expires) }) : null}</span>
              </span>
              {user === null ? null : (
                <span className="row">
                  <Tag tone="wait">{t("team.restartReady")}</Tag>
                  <Button variant="primary" onPress={() => setTaking({ ...restart, user })}>
                    {t("team.restartTake")}
                  </Button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {taking === undefined ? null : (
        <Confirm
          title={t("team.restartTakeTitle", { name: taking.name })}
          action={t("team.restartTakeAction")}
          isOpen
          onClose={() => {
            take.reset();
            setTaking(undefined);
          }}
          onConfirm={() => take.mutate(taking)}
          isPending={take.isPending}
          error={<ErrorNote error={take.error} />}
        >
          <CompareNumber of={taking.user} label={t("team.restartNumber")} />
          <p>{t("team.restartCompare", { name: taking.name })}</p>
          <p className="small soft">{t("team.restartTakeText")}</p>
        </Confirm>
      )}
    </Card>
  );
}
