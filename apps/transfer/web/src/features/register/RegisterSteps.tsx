import { Steps, type Step } from "../../design";
import { useI18n } from "../../i18n/context";

const order = ["account", "facility", "code", "open"] as const;

/** Where a registration stands. */
export function RegisterSteps({ at }: { readonly at: (typeof order)[number] | "done" }) {
  const { t } = useI18n();
  const current = at === "done" ? order.length : order.indexOf(at);
  return <Steps label={t("register.steps")} steps={order.map((step, index): Step => ({ title: t(`register.step.${step}`), state: index < current ? "done" : index === current ? "current" : "later" }))} />;
}
