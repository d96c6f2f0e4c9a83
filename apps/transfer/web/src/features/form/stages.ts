import type { Answers } from "../content/content";
import { isAnswered, type Rules, type Stage } from "../content/rules";

/**
 * The answers to the fields of one stage, and no others: what is sealed for a facility that is asked can hold nothing of
 * the second stage, nor a field that this version of the rules does not know. Answers to questions that are not asked
 * (any more) stay behind too.
 */
export function answersOf(rules: Rules, stage: Stage, answers: Answers): Answers {
  return Object.fromEntries(Object.entries(answers).filter(([id, value]) => rules.field(id)?.stage === stage && isAnswered(value)));
}
