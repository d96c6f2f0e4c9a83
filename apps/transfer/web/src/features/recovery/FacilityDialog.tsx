import { useMutation, useQuery } from "@tanstack/react-query";
import type { RecoveryMethod } from "@wardseal/sdk";
import { useState } from "react";

import { keys } from "../../api";
import { ErrorNote } from "../../app/ErrorNote";
import { useFacility, useFacilityName } from "../../app/facility";
import { Button, Callout, Choices, Dialog, Select, Skeleton } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { withPassword } from "../../ward/step-up";
import { useNames } from "../team/names";

type Quorum = "1" | "2";

interface FacilityDialogProps {
  readonly known: RecoveryMethod | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** The facility's administrators, one or two of them: off until somebody wants it, with what it means. */
export function FacilityDialog({ known, onClose, onDone }: FacilityDialogProps) {
  const { t } = useI18n();
  const { ward, me } = useWard();
  const { all, group: present } = useFacility();
  const nameOf = useFacilityName();
  const [group, setGroup] = useState(known?.group ?? present);
  const [quorum, setQuorum] = useState<Quorum>(known?.quorum === 1 ? "1" : "2");
  const found = useQuery({ queryKey: keys.group(group), queryFn: () => ward.groups.get(group) });
  const members = found.data?.members ?? [];
  const { shown } = useNames(group, members);
  // Nobody helps himself.
  const administrators = members.filter(({ id, role }) => role === "admin" && id !== me.user);
  const missing = administrators.length < Number(quorum);
  const set = useMutation({ mutationFn: () => withPassword(() => ward.recovery.setOrganisation({ group, quorum: quorum === "1" ? 1 : 2 })), onSuccess: onDone });
  return (
    <Dialog
      title={t("byFacility.title")}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose} isDisabled={set.isPending}>
            {t("common.cancel")}
          </Button>
          <Button variant="primary" onPress={() => set.mutate()} isPending={set.isPending} isDisabled={found.data === undefined || missing}>
            {t("byFacility.action")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>{t("byFacility.text")}</p>
        {all.length > 1 ? (
          <Select label={t("byFacility.facility")} value={group} onChange={setGroup} isDisabled={set.isPending} options={all.map((each) => ({ value: each.group, label: nameOf(each.group) }))} />
        ) : null}
        <Choices
          label={t("byFacility.quorum")}
          value={quorum}
          onChange={setQuorum}
          isDisabled={set.isPending}
          options={[
            { value: "2", label: t("byFacility.quorum.2") },
            { value: "1", label: t("byFacility.quorum.1") },
          ]}
        />
        <div className="stack gap-1">
          <span className="field-label">{t("byFacility.who")}</span>
          {found.data === undefined ? (
            found.isError ? (
              <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
            ) : (
              <Skeleton lines={2} />
            )
          ) : (
            <ul className="plain-list" aria-label={t("byFacility.who")}>
              {administrators.map(({ id }) => (
                <li key={id}>{shown(id)}</li>
              ))}
            </ul>
          )}
        </div>
        {found.data !== undefined && missing ? <Callout tone="wait">{t(administrators.length === 0 ? "byFacility.onlyYou" : "byFacility.needTwo")}</Callout> : <Callout tone="info">{t(quorum === "1" ? "byFacility.means1" : "byFacility.means")}</Callout>}
        {set.isPending ? null : <ErrorNote error={set.error} />}
      </div>
    </Dialog>
  );
}
