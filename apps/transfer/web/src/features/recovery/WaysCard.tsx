import { useMutation } from "@tanstack/react-query";
import type { MethodCheck, RecoveryKind, RecoveryMethod } from "@wardseal/sdk";
import { Ellipsis, FileKey2, Fingerprint, KeyRound, Mail, RefreshCw, UsersRound, type LucideIcon } from "lucide-react";
import { useState } from "react";

import { api } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacilityName } from "../../app/facility";
import { Button, Callout, Card, Confirm, IconButton, Menu, Skeleton, Tag, toast, useNow, type Tone } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { withPassword } from "../../ward/step-up";
import { CodeDialog } from "./CodeDialog";
import { FacilityDialog } from "./FacilityDialog";
import { MailDialog } from "./MailDialog";
import { PasskeyDialog } from "./PasskeyDialog";
import { PasswordDialog } from "./PasswordDialog";
import { dangerOf, useShares, useWays } from "./useWays";
import "./recovery.css";

const icons: Readonly<Record<RecoveryKind, LucideIcon>> = { password: KeyRound, passkey: Fingerprint, code: FileKey2, mail: Mail, organisation: UsersRound };
const order: readonly RecoveryKind[] = ["password", "passkey", "code", "mail", "organisation"];

/** What a row says of itself. */
type State = MethodCheck["state"] | "unset";
const tones: Readonly<Record<State, Tone>> = { works: "good", missing: "bad", outdated: "wait", unknown: "neutral", unset: "neutral" };

interface Row {
  readonly kind: RecoveryKind;
  readonly method: RecoveryMethod | undefined;
}

/** All that opens somebody's records when the password or the computer is gone; whether it works, and how to set it up. */
export function WaysCard() {
  const { t, format } = useI18n();
  const { ward } = useWard();
  const now = useNow();
  const ways = useWays();
  const shares = useShares(ways.methods?.some(({ kind }) => kind === "mail") ?? false);
  const [open, setOpen] = useState<RecoveryKind>();
  const [removing, setRemoving] = useState<RecoveryMethod>();
  const { methods, checks } = ways;

  const remove = useMutation({
    mutationFn: async ({ device, kind, record }: RecoveryMethod) => {
      await withPassword(() => ward.recovery.remove(device));
      // This server's half opens nothing without the vault's: it goes too.
      if (kind === "mail") await api.recovery.removeShare(record).catch(() => undefined);
    },
    onSuccess: async () => {
      setRemoving(undefined);
      toast(t("ways.removed"));
      await ways.changed();
    },
  });
  const done = async (text: string): Promise<void> => {
    setOpen(undefined);
    toast(text);
    await ways.changed();
  };

  const rows: readonly Row[] = order.flatMap((kind): readonly Row[] => {
    const found = methods?.filter((method) => method.kind === kind) ?? [];
    return found.length === 0 ? [{ kind, method: undefined }] : found.map((method) => ({ kind, method }));
  });
  const danger = methods === undefined ? undefined : dangerOf(methods, checks ?? []);
  const current = (kind: RecoveryKind): RecoveryMethod | undefined => methods?.find((method) => method.kind === kind);
  const addressOf = (method: RecoveryMethod | undefined): string | undefined => shares.data?.find(({ record }) => record === method?.record)?.address;
  const close = (): void => setOpen(undefined);

  return (
    <Card
      title={t("ways.title")}
      flush
      actions={
        <Button size="s" variant="quiet" icon={<RefreshCw size={14} aria-hidden="true" />} onPress={ways.check} isPending={ways.isChecking}>
          {t(ways.isChecking ? "ways.checking" : "ways.check")}
        </Button>
      }
    >
      <div className="card-body stack gap-3">
        <p className="soft">
          {t("ways.lead")}
          {ways.checked === undefined ? null : ` ${t("ways.checked", { when: format.relative(ways.checked, now) })}.`}
        </p>
        {danger === undefined || danger === "broken" ? null : (
          <Callout tone={danger === "browser" ? "bad" : "wait"} title={t(`ways.alone.${danger}`)}>
            {t(`ways.alone.${danger}Text`)}
          </Callout>
        )}
        <ErrorNote error={ways.error} onRetry={() => void ways.changed()} />
        {methods === undefined && ways.error === null ? <Skeleton lines={5} /> : null}
      </div>
      {methods === undefined ? null : (
        <ul className="rows ways" aria-label={t("ways.list")}>
          {rows.map((row) => (
            <WayRow
              key={row.method?.device ?? row.kind}
              row={row}
              check={checks?.find(({ device }) => device === row.method?.device)}
              several={rows.filter(({ kind }) => kind === row.kind).length > 1}
              address={addressOf(row.method)}
              onSet={() => setOpen(row.kind)}
              onRemove={() => (row.method === undefined ? undefined : setRemoving(row.method))}
            />
          ))}
        </ul>
      )}
      {open === "password" ? <PasswordDialog isNew={current("password") === undefined} onClose={close} onDone={() => void done(t("account.password.changed"))} /> : null}
      {open === "passkey" ? <PasskeyDialog onClose={close} onDone={() => void done(t("passkey.added"))} /> : null}
      {open === "code" ? <CodeDialog replaces={current("code") !== undefined} onClose={close} onSet={() => void ways.changed()} /> : null}
      {open === "mail" ? <MailDialog known={current("mail")} address={addressOf(current("mail"))} onClose={close} onDone={() => void done(t("ways.set"))} /> : null}
      {open === "organisation" ? <FacilityDialog known={current("organisation")} onClose={close} onDone={() => void done(t("ways.set"))} /> : null}
      {removing === undefined ? null : (
        <Confirm
          title={t("ways.removeTitle", { what: t(`ways.kind.${removing.kind}`) })}
          action={t("ways.remove")}
          tone="danger"
          size="s"
          isOpen
          onClose={() => {
            remove.reset();
            setRemoving(undefined);
          }}
          onConfirm={() => remove.mutate(removing)}
          isPending={remove.isPending}
          error={<ErrorNote error={remove.error} />}
        >
          <p>{t("ways.removeText")}</p>
          {dangerOf(methods?.filter(({ device }) => device !== removing.device) ?? [], checks ?? []) === "password" ? (
            <Callout tone="wait" title={t("ways.alone.password")}>
              {t("ways.alone.passwordText")}
            </Callout>
          ) : null}
        </Confirm>
      )}
    </Card>
  );
}

interface WayRowProps {
  readonly row: Row;
  readonly check: MethodCheck | undefined;
  readonly several: boolean;
  readonly address: string | undefined;
  readonly onSet: () => void;
  readonly onRemove: () => void;
}

function WayRow({ row: { kind, method }, check, several, address, onSet, onRemove }: WayRowProps) {
  const { t } = useI18n();
  const nameOf = useFacilityName();
  const Icon = icons[kind];
  const title = t(`ways.kind.${kind}`);
  const state: State = method === undefined ? "unset" : (check?.state ?? "unknown");
  const note =
    kind === "organisation" && method?.group !== undefined
      ? t(method.quorum === 2 ? "ways.note.organisation2" : "ways.note.organisation1", { facility: nameOf(method.group) })
      : kind === "mail" && (method?.delayHours ?? 0) > 0
        ? t("ways.note.mailDelay", { n: method?.delayHours ?? 0 })
        : t(`ways.note.${kind}`);
  const set = method === undefined ? t(kind === "passkey" ? "ways.add" : "ways.setUp") : t(kind === "passkey" ? "ways.add" : kind === "password" || kind === "organisation" ? "ways.change" : "ways.replace");
  return (
    <li className="way" data-state={state}>
      <span className="way-icon" aria-hidden="true">
        <Icon size={20} />
      </span>
      <div className="way-said">
        <span className="strong">
          {title}
          {several && method !== undefined ? <span className="faint mono tiny"> {method.device.slice(-6)}</span> : null}
        </span>
        <span className="small soft">
          {note}
          {address === undefined ? null : <span className="way-address"> · {address}</span>}
        </span>
        {state === "missing" || state === "outdated" || (state === "unknown" && check !== undefined) ? <span className="small way-why">{t(`ways.why.${state}`)}</span> : null}
      </div>
      <Tag tone={tones[state]}>{t(`ways.state.${state}`)}</Tag>
      <div className="way-actions">
        <Button size="s" aria-label={`${title}: ${set}`} onPress={onSet}>
          {set}
        </Button>
        {method === undefined || kind === "password" ? null : (
          <Menu
            label={t("ways.moreFor", { what: title })}
            trigger={<IconButton size="s" label={t("ways.moreFor", { what: title })} icon={<Ellipsis size={18} aria-hidden="true" />} />}
            sections={[{ entries: [{ id: "remove", label: t("ways.remove"), tone: "danger", onAction: onRemove }] }]}
          />
        )}
      </div>
    </li>
  );
}
