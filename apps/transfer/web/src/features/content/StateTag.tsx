import { Siren, Sparkle, Zap } from "lucide-react";

import { Tag } from "../../design";
import { useI18n } from "../../i18n/context";
import { toneOf, type Rules } from "./rules";

/** The state of a case: word, icon and colour. */
export function CaseTag({ rules, state }: { readonly rules: Rules; readonly state: string }) {
  const { label } = useI18n();
  const info = rules.caseState(state);
  return <Tag tone={toneOf(info)}>{label(info.labels)}</Tag>;
}

/** The state of a request. */
export function RequestTag({ rules, state }: { readonly rules: Rules; readonly state: string }) {
  const { label } = useI18n();
  const info = rules.requestState(state);
  return <Tag tone={toneOf(info)}>{label(info.labels)}</Tag>;
}

/** The state of a request as the facility that was asked sees it: what nobody there has opened is new. */
export function ReceivedTag({ rules, state }: { readonly rules: Rules; readonly state: string }) {
  const { t } = useI18n();
  if (state !== "sent") return <RequestTag rules={rules} state={state} />;
  return (
    <Tag tone="info" icon={<Sparkle size={13} aria-hidden="true" />}>
      {t("inbox.new")}
    </Tag>
  );
}

/** How urgent it is. What is planned needs no mark. */
export function UrgencyTag({ rules, urgency }: { readonly rules: Rules; readonly urgency: string }) {
  const { label } = useI18n();
  if (urgency === "planned") return null;
  const Icon = urgency === "emergency" ? Siren : Zap;
  return (
    <Tag tone={urgency === "emergency" ? "bad" : "wait"} icon={<Icon size={13} aria-hidden="true" />}>
      {label(rules.urgency(urgency).labels)}
    </Tag>
  );
}
