import { CheckCircle2 } from "lucide-react";

import { Progress } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Answers, Value } from "../content/content";
import { isAnswered, type Country, type Problem, type Rules, type Stage } from "../content/rules";
import { FieldEditor } from "./FieldEditor";

/** How far a stage is: fields that have to be answered, and how many are. */
export interface Completeness {
  readonly wanted: number;
  readonly given: number;
  readonly problems: readonly Problem[];
}

/** How far a stage is. It is complete when nothing is wrong. */
export function completeness(rules: Rules, stage: Stage, answers: Answers): Completeness {
  const wanted = rules.catalogue.fields.filter((field) => field.stage === stage && field.required && rules.isAsked(field, answers));
  return { wanted: wanted.length, given: wanted.filter(({ id }) => isAnswered(answers[id])).length, problems: rules.check(stage, answers) };
}

export interface StageFormProps {
  readonly rules: Rules;
  readonly stage: Stage;
  readonly answers: Answers;
  /** The same function each time. */
  readonly onAnswer: (field: string, value: Value | undefined) => void;
  readonly country?: Country | undefined;
  /** Also says what is missing, not only what is wrong. */
  readonly strict?: boolean;
  readonly isDisabled?: boolean;
}

/** One stage of the form: the sections of the rules, with what is missing and what is wrong. */
export function StageForm({ rules, stage, answers, onAnswer, country, strict = false, isDisabled = false }: StageFormProps) {
  const { t, label } = useI18n();
  const { wanted, given, problems } = completeness(rules, stage, answers);
  const problemOf = new Map(problems.map((problem) => [problem.field, problem.code]));
  return (
    <div className="stage-form">
      <div className="stage-form-progress">
        <Progress label={t("form.progress")} value={wanted === 0 ? 1 : given / wanted} detail={t("form.progressOf", { given, wanted })} />
      </div>
      {rules.form(stage, answers, country).map(({ section, fields }) => {
        const open = fields.filter((field) => field.required && !isAnswered(answers[field.id])).length;
        const wrong = fields.some((field) => problemOf.has(field.id));
        return (
          <section key={section.id} className="form-section" aria-labelledby={`section-${section.id}`}>
            <header className="form-section-header">
              <h3 id={`section-${section.id}`}>{label(section.labels)}</h3>
              {open > 0 ? (
                <span className="small faint">{t("form.open", { n: open })}</span>
              ) : wrong ? null : (
                <span className="small form-complete">
                  <CheckCircle2 size={14} aria-hidden="true" />
                  {t("form.sectionDone")}
                </span>
              )}
            </header>
            <div className="form-grid">
              {fields.map((field) => {
                const code = problemOf.get(field.id);
                const said = code !== undefined && (strict || (code !== "required" && code !== "needs_two_scores"));
                return (
                  <FieldEditor
                    key={field.id}
                    field={field}
                    value={answers[field.id]}
                    onAnswer={onAnswer}
                    error={said ? label(rules.problem(code).labels) : undefined}
                    country={country}
                    isDisabled={isDisabled}
                  />
                );
              })}
            </div>
          </section>
        );
      })}
    </div>
  );
}
