/**
 * Reads what another facility sealed. It was written by another page, perhaps of another version, perhaps of ill will: it
 * is taken field by field, what has the wrong form is left out, and nothing of it is ever taken for markup or an address.
 */
import type { DocumentEntry, SealedAnswer, StageOne, StageTwo, WorkingCopy } from "../../ward";

/** The answer to one question. What is not answered is absent. */
export type Value = string | number | boolean | readonly string[];
export type Answers = Readonly<Record<string, Value>>;

/** What is shown of one text at most. */
const LONGEST = 20_000;

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, LONGEST) : "";
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string").map(text) : [];
}

/** Answers: whatever is neither text, number, flag nor a list of texts is left out. */
export function readAnswers(value: unknown): Answers {
  const answers: Record<string, Value> = {};
  for (const [field, given] of Object.entries(record(value))) {
    if (typeof given === "string") answers[field] = text(given);
    else if (typeof given === "boolean" || (typeof given === "number" && Number.isFinite(given))) answers[field] = given;
    else if (Array.isArray(given)) answers[field] = texts(given);
  }
  return answers;
}

/** Documents: one without a blob is none. */
export function readDocuments(value: unknown): DocumentEntry[] {
  if (!Array.isArray(value)) return [];
  const quantity = (given: unknown): number => (typeof given === "number" && Number.isFinite(given) && given >= 0 ? given : 0);
  return value.flatMap((each) => {
    const entry = record(each);
    const blob = text(entry["blob"]);
    return blob === "" ? [] : [{ blob, name: text(entry["name"]), type: text(entry["type"]), size: quantity(entry["size"]), added: quantity(entry["added"]) }];
  });
}

/** The form's answers and the names of documents, of whatever stage. */
export interface Read {
  readonly answers: Answers;
  readonly documents: readonly DocumentEntry[];
  readonly notes: string;
}

export function readContent(content: WorkingCopy | StageOne | StageTwo | undefined): Read {
  const given = record(content);
  return { answers: readAnswers(given["answers"]), documents: readDocuments(given["documents"]), notes: text(given["notes"]) };
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What came with a move, with every part in its form. */
export interface ReadAnswer {
  readonly reasons: readonly string[];
  /** `2026-12-24`, or empty. */
  readonly date: string;
  readonly conditions: string;
  readonly question: string;
  readonly text: string;
}

export function readAnswer(answer: SealedAnswer | undefined): ReadAnswer {
  const given = record(answer);
  const date = text(given["date"]);
  return { reasons: texts(given["reasons"]), date: DAY.test(date) ? date : "", conditions: text(given["conditions"]), question: text(given["question"]), text: text(given["text"]) };
}
