import { describe, expect, test } from "vitest";

import { ImportError, holds, isAnswered } from "./rules";
import { bytesOf, complete, identity, rules } from "./test-rules";

describe("the rules, as screens ask them", () => {
  test("a complete request has no problems, and a missing answer is one", () => {
    expect(rules.check(1, complete)).toEqual([]);
    const { careLoad: _, ...rest } = complete;
    expect(rules.check(1, rest)).toEqual([{ field: "careLoad", code: "required" }]);
    expect(rules.check(2, { ...complete, ...identity })).toEqual([]);
  });

  test("a field is asked where it means something, and shown when it was answered", () => {
    const gir = rules.field("gir");
    const weeks = rules.field("gestationalWeeks");
    if (gir === undefined || weeks === undefined) throw new Error("these fields are gone");
    expect(rules.isAsked(gir, complete, "FR")).toBe(true);
    expect(rules.isAsked(gir, complete, "DE")).toBe(false);
    expect(rules.isAsked(gir, { ...complete, gir: "2" }, "DE")).toBe(true);
    expect(rules.isAsked(weeks, complete)).toBe(false);
    expect(rules.isAsked(weeks, { ...complete, careType: "acute.obstetrics" })).toBe(true);
  });

  test("needs become capabilities, each once", () => {
    expect(rules.capabilitiesNeeded(complete).toSorted()).toEqual(["isolation.contact", "oxygen"]);
  });

  test("the server learns groups of reasons only, each once", () => {
    expect(rules.groupsOf(["cap.full", "cap.staff", "fin.payer", "unheard.of"])).toEqual(["cap", "fin"]);
  });

  test("each side is offered its own reasons", () => {
    const codes = (side: "sender" | "receiver"): string[] => rules.reasons(side).flatMap(({ reasons }) => reasons.map(({ code }) => code));
    expect(codes("receiver")).toContain("cap.full");
    expect(codes("receiver")).not.toContain("snd.found");
    expect(codes("sender")).toContain("snd.found");
    expect(codes("sender")).not.toContain("cap.full");
  });

  test("every move with a button leads to a state with a name, and keys of one state differ", () => {
    for (const { code } of rules.catalogue.requestStates) {
      for (const side of ["sender", "receiver"] as const) {
        const moves = rules.moves(code, side);
        const keys = moves.flatMap(({ key }) => (key === null ? [] : [key]));
        expect(new Set(keys).size, `${code} ${side}`).toBe(keys.length);
        for (const { to } of moves) expect(rules.requestState(to).labels.en).not.toBe("");
      }
    }
  });

  test("codes of a newer version stand for themselves", () => {
    expect(rules.requestState("teleported").labels.de).toBe("teleported");
    expect(rules.caseState("teleported").asks).toBe(false);
    expect(rules.reason("cap.moon").labels.fr).toBe("cap.moon");
  });

  const patient = { resourceType: "Patient", name: [{ family: "TEST-Family", given: ["Given"] }], gender: "female", birthDate: "1941-02-03" };
  const bundle = (entries: readonly unknown[]): Uint8Array => bytesOf(JSON.stringify({ resourceType: "Bundle", type: "collection", entry: entries.map((resource) => ({ resource })) }));

  test("a bundle fills both stages", () => {
    const { answers } = rules.importBundle(bundle([patient]), Date.UTC(2026, 10, 23));
    expect(answers).toMatchObject({ ageBand: "85-89", sex: "female", familyName: "TEST-Family", firstNames: "Given", birthDate: "1941-02-03" });
  });

  test.each([
    ["not_json", bytesOf("%PDF-1.7")],
    ["not_fhir", bytesOf('{"hello":"world"}')],
    ["no_patient", bundle([])],
    ["several_patients", bundle([patient, { ...patient, id: "2" }])],
  ])("what is no bundle is refused in words: %s", (code, bytes) => {
    let thrown: unknown;
    try {
      rules.importBundle(bytes, 0);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ImportError);
    expect((thrown as ImportError).code).toBe(code);
    const { labels } = rules.importNote(code);
    expect(new Set([labels.en, labels.fr, labels.de, code]).size).toBe(4);
  });
});

test("an empty text, an empty list and nothing are no answers; no and zero are", () => {
  expect([undefined, "", " ", []].map(isAnswered)).toEqual([false, false, false, false]);
  expect([false, 0, "none", ["x"]].map(isAnswered)).toEqual([true, true, true, true]);
  expect(holds(["a", "b"], "b") && holds("b", "b") && !holds("ab", "b") && !holds(undefined, "b")).toBe(true);
});
