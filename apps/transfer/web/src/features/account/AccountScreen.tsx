import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Device } from "@wardseal/sdk";
import { Laptop, LogOut } from "lucide-react";
import { useState } from "react";

import { keys } from "../../api/queries";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacilityName } from "../../app/facility";
import { ShortcutsToggle } from "../../app/KeyboardHelp";
import { Page } from "../../app/Page";
import { SignOutDialog } from "../../app/SignOutDialog";
import { themes, useTheme } from "../../app/theme";
import { Button, Callout, Card, Confirm, Facts, Segments, Skeleton, Tag, toast } from "../../design";
import { useI18n } from "../../i18n/context";
import { languageNames, languages } from "../../i18n/languages";
import { useWard } from "../../ward/context";
import { withPassword } from "../../ward/step-up";
import { PendingRecoveries, Recoveries } from "../recovery/Recoveries";
import { WaysCard } from "../recovery/WaysCard";

/** The person: computers, password, language, and what this page is. */
export default function AccountScreen() {
  const { t } = useI18n();
  const { me, own, config } = useWard();
  const nameOf = useFacilityName();
  const [leaving, setLeaving] = useState(false);
  return (
    <Page
      title={t("account.title")}
      width="read"
      actions={
        <Button icon={<LogOut size={16} aria-hidden="true" />} onPress={() => setLeaving(true)}>
          {t("nav.signOut")}
        </Button>
      }
    >
      <Card title={t("account.you")}>
        <div className="stack">
          <Facts
            facts={[
              { label: t("unlock.name"), value: me.name },
              {
                label: t("account.facilities"),
                value: (
                  <ul role="list" className="stack gap-1">
                    {me.facilities.map(({ group, role }) => (
                      <li key={group} className="row">
                        {nameOf(group)} <Tag>{t(`account.role.${role}`)}</Tag>
                      </li>
                    ))}
                  </ul>
                ),
              },
            ]}
          />
          <Callout tone={own ? "info" : "neutral"}>{t(own ? "account.trusted" : "account.untrusted")}</Callout>
        </div>
      </Card>
      <PendingRecoveries />
      <WaysCard />
      <Devices />
      <Recoveries />
      <Preferences />
      <Card title={t("account.about")}>
        <div className="stack">
          <p className="soft">{t("account.about.trust")}</p>
          <Facts
            facts={[
              { label: t("account.about.version"), value: <span className="mono">{config.version}</span> },
              { label: t("account.about.tenant"), value: <span className="mono">{config.tenant}</span> },
              { label: t("account.about.keys"), value: <span className="mono">{config.keys}</span> },
              { label: t("account.about.vault"), value: <span className="mono">{config.vault}</span> },
            ]}
          />
        </div>
      </Card>
      <SignOutDialog isOpen={leaving} onClose={() => setLeaving(false)} />
    </Page>
  );
}

function Devices() {
  const { t } = useI18n();
  const { ward } = useWard();
  const client = useQueryClient();
  const devices = useQuery({ queryKey: keys.devices, queryFn: () => ward.devices.list() });
  const [removing, setRemoving] = useState<Device>();
  const remove = useMutation({
    mutationFn: (device: Device) => withPassword(() => ward.devices.revoke([device.id])),
    onSuccess: () => {
      setRemoving(undefined);
      toast(t("account.device.removed"));
      void client.invalidateQueries({ queryKey: keys.devices });
    },
  });
  // Ways back in are devices too; they stand by themselves.
  const own = devices.data?.filter(({ kind }) => kind === "ordinary") ?? [];
  return (
    <Card title={t("account.devices")}>
      <div className="stack">
        <p className="soft">{t("account.devicesNote")}</p>
        <ErrorNote error={devices.error} onRetry={() => void devices.refetch()} />
        {devices.isPending ? <Skeleton lines={2} /> : null}
        {devices.data !== undefined && own.length === 0 ? <p>{t("account.devicesNone")}</p> : null}
        <ul role="list" className="rows">
          {own.map((device) => (
            <li key={device.id} className="spread device">
              <span className="row gap-3">
                <Laptop size={20} aria-hidden="true" />
                <span>
                  {t("account.device.ordinary")} <span className="faint mono tiny">{device.id.slice(-6)}</span>
                </span>
                {device.current ? <Tag tone="good">{t("account.device.current")}</Tag> : null}
              </span>
              {device.current ? null : (
                <Button size="s" variant="danger-quiet" onPress={() => setRemoving(device)}>
                  {t("account.device.remove")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      </div>
      <Confirm
        title={t("account.device.removeTitle")}
        size="s"
        isOpen={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        action={t("account.device.remove")}
        tone="danger"
        isPending={remove.isPending}
        onConfirm={() => removing && remove.mutate(removing)}
        error={<ErrorNote error={remove.error} />}
      >
        <p>{t("account.device.removeText")}</p>
      </Confirm>
    </Card>
  );
}

function Preferences() {
  const { t, language, setLanguage } = useI18n();
  const [theme, setTheme] = useTheme();
  return (
    <Card title={t("account.preferences")}>
      <Facts
        facts={[
          { label: t("nav.language"), value: <Segments label={t("nav.language")} value={language} onChange={setLanguage} options={languages.map((value) => ({ value, label: languageNames[value] }))} /> },
          { label: t("nav.theme"), value: <Segments label={t("nav.theme")} value={theme} onChange={setTheme} options={themes.map((value) => ({ value, label: t(`nav.theme.${value}`) }))} /> },
          { label: t("account.shortcuts"), value: <ShortcutsToggle /> },
        ]}
      />
    </Card>
  );
}
