import { Activity, Bandage, Biohazard, Brain, LockKeyhole, ShieldAlert, Syringe, TriangleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

import { Tag, type Tone } from "../../design";
import { useI18n, type I18n } from "../../i18n/context";
import type { Answers } from "../content/content";
import { holds, type Rules } from "../content/rules";
import { answerOf, isPresent, nameOf } from "./values";

/** Something that asks for attention, in words. */
export interface Flag {
  readonly id: string;
  readonly text: string;
  readonly tone: Tone;
  readonly icon: LucideIcon;
}

interface FlagRow {
  readonly field: string;
  readonly tone: Tone;
  readonly icon: LucideIcon;
  /** One flag for the whole field with its name: codes that say little by themselves. */
  readonly named?: true;
}

/** Fields of which what is present is a flag, the heaviest first. */
const FLAGS: readonly FlagRow[] = [
  { field: "isolation", tone: "bad", icon: ShieldAlert, named: true },
  { field: "germs", tone: "bad", icon: Biohazard },
  { field: "restraint", tone: "wait", icon: LockKeyhole },
  { field: "risks", tone: "wait", icon: TriangleAlert, named: true },
  { field: "behaviour", tone: "wait", icon: Brain, named: true },
  { field: "equipment", tone: "info", icon: Activity },
  { field: "wounds", tone: "info", icon: Bandage, named: true },
  { field: "drugs", tone: "info", icon: Syringe },
];

/** What stands out in a request: each present code of the fields above, in words, the heaviest first. */
export function flagsOf(rules: Rules, answers: Answers, { label, t }: Pick<I18n, "label" | "t">): readonly Flag[] {
  return FLAGS.flatMap(({ field: id, tone, icon, named }) => {
    const field = rules.field(id);
    const value = answers[id];
    if (field === undefined || value === undefined || !isPresent(value)) return [];
    const present = field.options.filter(({ code }) => holds(value, code));
    if (named === true) return present.length === 0 ? [] : [{ id, text: t("glance.named", { field: label(field.labels), codes: present.map(({ labels }) => label(labels)).join(", ") }), tone, icon }];
    return present.map((option) => ({ id: `${id}.${option.code}`, text: label(option.labels), tone, icon }));
  });
}

/** The scores that were given, each with its name. */
const SCORES = ["barthel", "braden", "cfs", "gir", "pflegegrad"] as const;

/** Who it is, without a name: `Age 80 to 84, female`. */
export function personOf(rules: Rules, answers: Answers, i18n: I18n): string {
  return [answerOf(rules, answers, "ageBand", i18n), answerOf(rules, answers, "sex", i18n)].filter((part) => part !== undefined).join(", ");
}

/** When the place is wanted. */
export function wantedOf(rules: Rules, answers: Answers, i18n: I18n): string | undefined {
  const from = answerOf(rules, answers, "dateFrom", i18n);
  const to = answerOf(rules, answers, "dateTo", i18n);
  return from !== undefined && to !== undefined && to !== from ? i18n.t("glance.fromTo", { from, to }) : from;
}

export interface GlanceProps {
  readonly rules: Rules;
  readonly answers: Answers;
}

/** Everything that a facility decides by, on one card: coded, complete, without scrolling. */
export function Glance({ rules, answers }: GlanceProps) {
  const i18n = useI18n();
  const { t } = i18n;
  const of = (id: string): string | undefined => answerOf(rules, answers, id, i18n);
  /** Numbers that say nothing without their name. */
  const named = (id: string): string | undefined => (of(id) === undefined ? undefined : `${nameOf(rules, id, i18n)} ${of(id)}`);
  const join = (...parts: readonly (string | undefined)[]): string | undefined => {
    const given = parts.filter((part) => part !== undefined && part !== "");
    return given.length === 0 ? undefined : given.join(" · ");
  };
  const scores = SCORES.flatMap((id) => {
    const value = of(id);
    if (value === undefined) return [];
    // Their options name the scale themselves.
    return id === "gir" || id === "pflegegrad" ? [value] : [`${nameOf(rules, id, i18n)} ${value}`];
  });
  const present = (id: string): string | undefined => (isPresent(answers[id]) ? of(id) : undefined);
  const facts: readonly (readonly [label: string, value: string | undefined])[] = [
    [t("glance.wanted"), join(wantedOf(rules, answers, i18n), of("duration"))],
    [nameOf(rules, "purpose", i18n), of("purpose")],
    [nameOf(rules, "diagnosisGroup", i18n), join(of("diagnosisGroup"), of("stability"))],
    [nameOf(rules, "careLoad", i18n), of("careLoad")],
    [t("glance.function"), join(of("mobility"), of("continence"))],
    [t("glance.scores"), join(...scores)],
    [nameOf(rules, "cognition", i18n), of("cognition")],
    [nameOf(rules, "payer", i18n), join(of("payer"), present("costApproval"))],
    [nameOf(rules, "planAfter", i18n), join(of("planAfter"), of("patientWish"))],
    [nameOf(rules, "language", i18n), join(of("language"), answers["interpreter"] === true ? nameOf(rules, "interpreter", i18n) : undefined)],
    [t("glance.area"), join(of("area"), of("distance"))],
    [t("glance.special"), join(present("levelOfCare"), named("oxygenFlow"), named("gestationalWeeks"), present("treatmentLimits"), present("legalProtection"))],
  ];
  const flags = flagsOf(rules, answers, i18n);
  return (
    <div className="glance">
      <Flags label={t("glance.flags")} none={t("glance.noFlags")}>
        {flags.map(({ id, text, tone, icon: Icon }) => (
          <li key={id}>
            <Tag tone={tone} icon={<Icon size={13} aria-hidden="true" />}>
              {text}
            </Tag>
          </li>
        ))}
      </Flags>
      <dl className="glance-facts">
        {facts.map(([label, value]) =>
          value === undefined ? null : (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </div>
  );
}

function Flags({ label, none, children }: { readonly label: string; readonly none: string; readonly children: readonly ReactNode[] }) {
  if (children.length === 0) return <p className="soft small">{none}</p>;
  return (
    <ul role="list" aria-label={label} className="row gap-1">
      {children}
    </ul>
  );
}
