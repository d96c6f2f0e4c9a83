import type { Policy } from "@wardseal/sdk";
import { useState } from "react";
import { Radio, RadioGroup } from "react-aria-components";

import type { Facility } from "../../api";
import { Button, Callout, Dialog, TextField } from "../../design";
import { useI18n } from "../../i18n/context";
import { useWard } from "../../ward";
import { DAYS, type PendingWish } from "../../ward/escrow";
import { isAddress } from "../../ward/address";

interface EscrowDialogProps {
  readonly facility: Facility;
  /** What was chosen before. */
  readonly known: PendingWish | undefined;
  readonly onClose: () => void;
  readonly onChoose: (wish: PendingWish) => void;
}

/** How a facility that is not registered gets a request: its address, confirmed, and how it proves that it is the one. */
export function EscrowDialog({ facility, known, onClose, onChoose }: EscrowDialogProps) {
  const { t, format } = useI18n();
  const { config } = useWard();
  const [address, setAddress] = useState(known?.address ?? facility.contact ?? "");
  const [policy, setPolicy] = useState<Policy>(known?.policy ?? "verified");
  const [tried, setTried] = useState(false);
  const typed = address.trim();
  const policies: readonly Policy[] = ["verified", "code", "confirmed", ...(config.assigned ? (["assigned"] as const) : [])];
  const submit = (): void => {
    setTried(true);
    if (!isAddress(typed) || facility.identifier === null) return;
    // Letters are in the language of its country.
    onChoose({ identifier: facility.identifier, policy, address: typed, language: facility.country === "FR" ? "fr" : "de" });
  };
  return (
    <Dialog
      title={t("escrow.title", { facility: facility.name })}
      isOpen
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" onPress={submit}>
            {t("escrow.action")}
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
        <p>{t("escrow.lead", { facility: facility.name })}</p>
        <TextField
          label={t("escrow.address")}
          hint={t("escrow.addressHint")}
          type="email"
          name="address"
          autoComplete="off"
          spellCheck="false"
          value={address}
          onChange={setAddress}
          error={tried && !isAddress(typed) ? t("byMail.needAddress") : undefined}
        />
        <RadioGroup aria-label={t("escrow.policy")} className="policies" value={policy} onChange={(next) => setPolicy(policies.find((each) => each === next) ?? "verified")}>
          <span className="field-label" aria-hidden="true">
            {t("escrow.policy")}
          </span>
          {policies.map((each) => (
            <Radio key={each} value={each} className="choice policy">
              <span className="choice-box choice-round" aria-hidden="true" />
              <span>
                <span className="strong">{t(`escrow.policy.${each}`)}</span>
                <span className="policy-note">{t(`escrow.policy.${each}Note`)}</span>
              </span>
            </Radio>
          ))}
        </RadioGroup>
        {policy === "code" ? <Callout tone="info">{t("escrow.codeNote")}</Callout> : null}
        <p className="small soft">
          {t("escrow.until", { date: format.date(Date.now() + DAYS * 86_400_000) })} {t("escrow.phoneNow")}
        </p>
      </form>
    </Dialog>
  );
}
