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

/** How urgent it is. What is planned needs no mark. */
export function UrgencyTag({ rules, urgency }: { readonly rules: Rules; readonly urgency: string }) {
  const { label } = useI18n();
  if (urgency === "planned") return null;
  return <Tag tone={urgency === "emergency" ? "bad" : "wait"}>{label(rules.urgency(urgency).labels)}</Tag>;
}
