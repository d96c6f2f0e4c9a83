import type { I18n } from "../../i18n/context";
import type { Answers, Value } from "../content/content";
import { isAnswered, type FormField, type Rules } from "../content/rules";

/** An answer in the reader's language. Codes that the rules do not know stand for themselves. */
export function shown(field: FormField, value: Value, { label, format, t }: Pick<I18n, "label" | "format" | "t">): string {
  const word = (code: string): string => {
    const option = field.options.find((each) => each.code === code);
    return option === undefined ? code : label(option.labels);
  };
  if (typeof value === "boolean") return value ? t("common.yes") : t("common.no");
  if (typeof value === "number") {
    const number = format.number(value);
    return field.unit === null ? number : `${number} ${field.unit}`;
  }
  if (typeof value === "string") {
    if (field.kind === "date") return format.date(value);
    return field.kind === "code" ? word(value) : value;
  }
  return value.map(word).join(", ");
}

/** The answer to a field by its name, in the reader's language; nothing when there is none. */
export function answerOf(rules: Rules, answers: Answers, id: string, i18n: Pick<I18n, "label" | "format" | "t">): string | undefined {
  const field = rules.field(id);
  const value = answers[id];
  return field === undefined || value === undefined || !isAnswered(value) ? undefined : shown(field, value, i18n);
}

/** The name of a field, in the reader's language. */
export function nameOf(rules: Rules, id: string, { label }: Pick<I18n, "label">): string {
  const field = rules.field(id);
  return field === undefined ? id : label(field.labels);
}

/** Whether the answer is that there is something: not "none", "no" or "unknown". */
export function isPresent(value: Value | undefined): boolean {
  return isAnswered(value) && value !== false && !["none", "no", "unknown"].includes(typeof value === "object" ? value.join() : String(value));
}
