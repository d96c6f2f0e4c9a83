import { useMutation } from "@tanstack/react-query";
import type { RecoveryMethod } from "@wardseal/sdk";
import { useState } from "react";

import { ErrorNote } from "../../app/ErrorNote";
import { Button, Choices, Dialog, TextField } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { isAddress } from "../../ward/address";
import { setMail } from "../../ward/recovery";
import { withPassword } from "../../ward/step-up";

/** Hours between the codes and the release that are offered. */
const DELAYS = ["0", "24", "72"] as const;
type Delay = (typeof DELAYS)[number];

interface MailDialogProps {
  readonly known: RecoveryMethod | undefined;
  readonly address: string | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Two codes by mail, from two servers. */
export function MailDialog({ known, address: before, onClose, onDone }: MailDialogProps) {
  const { t, language } = useI18n();
  const { ward, me } = useWard();
  const [address, setAddress] = useState(before ?? me.address ?? "");
  const [delay, setDelay] = useState<Delay>(DELAYS.find((hours) => Number(hours) === known?.delayHours) ?? "0");
  const [tried, setTried] = useState(false);
  const typed = address.trim();
  const set = useMutation({ mutationFn: () => withPassword(() => setMail(ward, { address: typed, delayHours: Number(delay), language })), onSuccess: onDone });
  const submit = (): void => {
    setTried(true);
    if (isAddress(typed) && !set.isPending) set.mutate();
  };
  return (
    <Dialog
      title={t("byMail.title")}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose} isDisabled={set.isPending}>
            {t("common.cancel")}
          </Button>
          <Button variant="primary" onPress={submit} isPending={set.isPending}>
            {t("byMail.action")}
          </Button>
        </>
      }
    >
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>{t("byMail.text")}</p>
        <TextField
          label={t("byMail.address")}
          hint={t("byMail.addressHint")}
          type="email"
          name="email"
          autoComplete="email"
          spellCheck="false"
          value={address}
          onChange={setAddress}
          isDisabled={set.isPending}
          autoFocus
          error={tried && !isAddress(typed) ? t("byMail.needAddress") : undefined}
        />
        <Choices label={t("byMail.delay")} hint={t("byMail.delayHint")} value={delay} onChange={setDelay} isDisabled={set.isPending} options={DELAYS.map((value) => ({ value, label: t(`byMail.delay.${value}`) }))} />
        {set.isPending ? null : <ErrorNote error={set.error} />}
      </form>
    </Dialog>
  );
}
