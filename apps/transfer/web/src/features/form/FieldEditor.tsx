import { X } from "lucide-react";
import { memo } from "react";

import { Button, Choices, DateField, Many, NumberField, Select, TextArea, TextField, Tick, type Option } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Value } from "../content/content";
import { isAnswered, type Country, type FormField } from "../content/rules";

/** Options that stand in sight, as chips; beyond, they open. */
const IN_SIGHT = 7;

export interface FieldEditorProps {
  readonly field: FormField;
  readonly value: Value | undefined;
  /** `undefined` takes the answer back. The same function each time: a form of seventy fields is drawn anew field by field. */
  readonly onAnswer: (field: string, value: Value | undefined) => void;
  /** What is wrong, in words. */
  readonly error?: string | undefined;
  readonly country?: Country | undefined;
  readonly isDisabled?: boolean;
}

/** How much room chips need: characters in one, two and all columns of the form. */
function widthOf(options: readonly Option[]): "1" | "2" | "all" {
  const characters = options.reduce((sum, option) => sum + option.label.length + 5, 0);
  return characters <= 38 ? "1" : characters <= 84 ? "2" : "all";
}

/** Several codes of which `none` stands alone: taking it drops the others, taking another drops it. */
export function withNoneAlone(before: readonly string[], after: readonly string[]): readonly string[] {
  if (!after.includes("none") || after.length === 1) return after;
  return before.includes("none") ? after.filter((code) => code !== "none") : ["none"];
}

/** Asks one question of the form, in the way that suits it. */
export const FieldEditor = memo(function FieldEditor({ field, value, onAnswer, error, country, isDisabled = false }: FieldEditorProps) {
  const onChange = (next: Value | undefined): void => onAnswer(field.id, next);
  const { t, label } = useI18n();
  const common = {
    label: label(field.labels),
    isRequired: field.required,
    isDisabled,
    name: field.id,
    ...(field.hint === null ? {} : { hint: label(field.hint) }),
    ...(error === undefined ? {} : { error }),
  };
  const text = typeof value === "string" ? value : "";
  // What was answered elsewhere stays among the options.
  const options: readonly Option[] = field.options
    .filter(({ code, countries }) => country === undefined || countries.length === 0 || countries.includes(country) || code === value)
    .map((option) => ({ value: option.code, label: label(option.labels) }));
  const clear =
    field.required || isDisabled || !isAnswered(value) ? null : (
      <Button variant="quiet" size="s" icon={<X size={13} aria-hidden="true" />} onPress={() => onChange(undefined)} aria-label={t("form.clearOf", { field: common.label })}>
        {t("form.clear")}
      </Button>
    );

  switch (field.kind) {
    case "code":
      return (
        <div className="form-field" data-width={options.length <= IN_SIGHT ? widthOf(options) : "1"}>
          {options.length <= IN_SIGHT ? <Choices {...common} value={text} onChange={onChange} options={options} /> : <Select {...common} value={text} onChange={onChange} options={options} />}
          {clear}
        </div>
      );
    case "codes": {
      const taken = typeof value === "object" ? value : [];
      return (
        <div className="form-field" data-width={widthOf(options)}>
          <Many {...common} value={taken} onChange={(next) => onChange(next.length === 0 ? undefined : withNoneAlone(taken, next))} options={options} />
        </div>
      );
    }
    case "number":
      return (
        <div className="form-field">
          <NumberField
            {...common}
            value={typeof value === "number" ? value : null}
            onChange={(next) => onChange(next ?? undefined)}
            {...(field.min === null ? {} : { min: field.min })}
            {...(field.max === null ? {} : { max: field.max })}
            {...(field.unit === null ? {} : { unit: field.unit })}
          />
        </div>
      );
    case "date":
      return (
        <div className="form-field">
          <DateField {...common} value={text} onChange={(next) => onChange(next === "" ? undefined : next)} />
          {clear}
        </div>
      );
    case "flag":
      return (
        <div className="form-field form-flag">
          <Tick value={value === true} onChange={onChange} isDisabled={isDisabled}>
            {common.label}
          </Tick>
        </div>
      );
    case "text": {
      const Text = field.multiline ? TextArea : TextField;
      return (
        <div className="form-field" data-width={field.multiline ? "2" : "1"}>
          <Text {...common} value={text} onChange={(next) => onChange(next === "" ? undefined : next)} {...(field.max === null ? {} : { maxLength: field.max })} />
        </div>
      );
    }
  }
});
