import { describe, expect, test } from "vitest";

import type { SealedAnswer, StageTwo } from "../../ward";
import { readAnswer, readAnswers, readContent, readDocuments } from "./content";

describe("what other pages wrote", () => {
  test("is read field by field, and what has the wrong form is left out", () => {
    expect(readAnswers({ a: "x", b: 3, c: true, d: ["p", 4, "q"], e: null, f: { g: 1 }, h: Number.NaN })).toEqual({ a: "x", b: 3, c: true, d: ["p", "q"] });
  });

  test.each([null, 7, "text", [], { answers: [1] }, { answers: "x", documents: {} }])("never throws: %j", (value) => {
    expect(readContent(value as unknown as StageTwo)).toEqual({ answers: {}, documents: [], notes: "" });
    expect(readAnswer(value as unknown as SealedAnswer)).toEqual({ reasons: [], date: "", conditions: "", question: "", text: "" });
  });

  test("a document without a blob is none, and a size is never negative", () => {
    const documents = [{ name: "x" }, { blob: "01A", name: "letter.pdf", type: "application/pdf", size: -1, added: 5 }];
    expect(readDocuments(documents)).toEqual([{ blob: "01A", name: "letter.pdf", type: "application/pdf", size: 0, added: 5 }]);
  });

  test("a date is a date", () => {
    const answer: SealedAnswer = { kind: "answer", state: "offered", date: "2026-12-24", conditions: "c", reasons: ["cap.full"] };
    expect(readAnswer(answer)).toEqual({ reasons: ["cap.full"], date: "2026-12-24", conditions: "c", question: "", text: "" });
    expect(readAnswer({ ...answer, date: "javascript:1" }).date).toBe("");
  });
});
