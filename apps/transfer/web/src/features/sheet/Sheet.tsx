import { Facts } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Answers } from "../content/content";
import { isAnswered, type Rules, type Stage } from "../content/rules";
import { shown } from "./values";

export interface SheetProps {
  readonly rules: Rules;
  readonly stage: Stage;
  readonly answers: Answers;
  /** Headings one level deeper than the one above the sheet. */
  readonly level?: 3 | 4;
}

/** What was answered in a stage, in the reader's language, whichever the writer's was. Fit for paper. */
export function Sheet({ rules, stage, answers, level = 3 }: SheetProps) {
  const i18n = useI18n();
  const { label, t } = i18n;
  const Title = `h${level}` as const;
  const sections = rules.catalogue.sections.flatMap((section) => {
    if (section.stage !== stage) return [];
    const facts = rules.catalogue.fields.flatMap((field) => {
      const value = answers[field.id];
      if (field.section !== section.id || field.stage !== stage || value === undefined || !isAnswered(value)) return [];
      return [{ label: label(field.labels), value: field.multiline ? <span className="sheet-text">{shown(field, value, i18n)}</span> : shown(field, value, i18n) }];
    });
    return facts.length === 0 ? [] : [{ section, facts }];
  });
  if (sections.length === 0) return <p className="soft">{t("sheet.empty")}</p>;
  return (
    <div className="sheet">
      {sections.map(({ section, facts }) => (
        <section key={section.id} className="sheet-section">
          <Title>{label(section.labels)}</Title>
          <Facts facts={facts} />
        </section>
      ))}
    </div>
  );
}
