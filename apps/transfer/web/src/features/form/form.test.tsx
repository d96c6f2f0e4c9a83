import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, test, vi } from "vitest";

import { languages } from "../../i18n/languages";
import { renderIn, violations } from "../../test/render";
import type { Answers, Value } from "../content/content";
import { ImportError } from "../content/rules";
import { bytesOf, complete, identity, rules } from "../content/test-rules";
import { BundleImport, LARGEST_BUNDLE, merged, readBundle } from "./BundleImport";
import { FieldEditor, withNoneAlone } from "./FieldEditor";
import { StageForm, completeness } from "./StageForm";
import { answersOf } from "./stages";
import { edited, hasEdits, inClear, noEdits, without } from "./working-copy";

describe("what a facility is sent", () => {
  test("holds the first stage and nothing of the second", () => {
    const all: Answers = { ...complete, ...identity, somethingNew: "TEST-Canary", empty: "" };
    const sent = answersOf(rules, 1, all);
    expect(sent).toEqual(complete);
    expect(JSON.stringify(sent)).not.toContain("TEST");
    expect(answersOf(rules, 2, all)).toEqual(identity);
  });

  test("the first stage asks nothing in free words", () => {
    const free = rules.catalogue.fields.filter(({ stage, kind, max }) => stage === 1 && kind === "text" && (max ?? Infinity) > 3);
    expect(free.map(({ id }) => id)).toEqual([]);
  });
});

describe("edits that are not saved yet", () => {
  const edits = { answers: { a: "1", b: null }, notes: "n" };
  test("stand on top of what was saved", () => {
    expect(edited({ a: "0", b: "x", c: true }, edits)).toEqual({ a: "1", c: true });
  });

  test("are gone once saved, unless they changed meanwhile", () => {
    expect(hasEdits(without(edits, edits))).toBe(false);
    expect(without({ answers: { a: "2", b: null }, notes: "m" }, edits)).toEqual({ answers: { a: "2" }, notes: "m" });
    expect(hasEdits(noEdits)).toBe(false);
  });

  test("tell the server the urgency and the family, and nothing else", () => {
    expect(inClear(rules, { answers: { urgency: "sameDay", careType: "nursing.dementia", ageBand: "90+" } })).toEqual({ urgency: "sameDay", family: "NURSING" });
    expect(inClear(rules, { answers: { ageBand: "90+" } })).toEqual({});
  });
});

test("none stands alone, whichever comes first", () => {
  expect(withNoneAlone(["oxygen"], ["none", "oxygen"])).toEqual(["none"]);
  expect(withNoneAlone(["none"], ["none", "oxygen"])).toEqual(["oxygen"]);
  expect(withNoneAlone([], ["oxygen", "lift"])).toEqual(["oxygen", "lift"]);
});

describe("an import", () => {
  test("fills what is empty and leaves what was answered", () => {
    expect(merged({ sex: "male" }, { sex: "female", ageBand: "90+" })).toEqual({ answers: { sex: "male", ageBand: "90+" }, taken: { ageBand: "90+" } });
  });

  test("does not even read what is too large", async () => {
    const read = vi.fn();
    const file = { size: LARGEST_BUNDLE + 1, arrayBuffer: read } as unknown as Blob;
    await expect(readBundle(rules, file)).rejects.toThrow(ImportError);
    expect(read).not.toHaveBeenCalled();
  });

  test("says in the reader's language why a file is refused, and takes the next one", async () => {
    const taken = vi.fn();
    const { container } = await renderIn("de", <BundleImport rules={rules} onImport={taken} />);
    const input = container.querySelector("input[type=file]");
    if (input === null) throw new Error("there is no field for a file");
    // jsdom has files without `arrayBuffer`.
    const file = (text: string): File => Object.assign(new File([text], "x.json"), { arrayBuffer: async () => bytesOf(text).buffer });
    const choose = (text: string): void => void fireEvent.change(input, { target: { files: [file(text)] } });
    choose("no json at all");
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain(rules.importNote("not_json").labels.de);
    choose(JSON.stringify({ resourceType: "Bundle", type: "collection", entry: [{ resource: { resourceType: "Patient", gender: "male" } }] }));
    await vi.waitFor(() => expect(taken).toHaveBeenCalledOnce());
    expect(taken.mock.calls[0]?.[0]).toMatchObject({ answers: { sex: "male" } });
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

function Form({ start = {}, strict = false }: { readonly start?: Answers; readonly strict?: boolean }) {
  const [answers, setAnswers] = useState(start);
  return (
    <>
      <StageForm rules={rules} stage={1} answers={answers} country="FR" strict={strict} onAnswer={(field, value) => setAnswers((before) => edited(before, { answers: { [field]: value ?? null } }))} />
    </>
  );
}

/** One field by itself. */
function One({ id, start }: { readonly id: string; readonly start: Value }) {
  const field = rules.field(id);
  const [value, setValue] = useState<Value | undefined>(start);
  if (field === undefined) throw new Error("this field is gone");
  return (
    <>
      <FieldEditor field={field} value={value} onAnswer={(_, next) => setValue(next)} />
      <output>{JSON.stringify(value ?? null)}</output>
    </>
  );
}

const answers = (): unknown => JSON.parse(document.querySelector("output")?.textContent ?? "");

describe("the form", () => {
  test("takes codes by chips, and none drops the others", async () => {
    const user = userEvent.setup();
    await renderIn("en", <One id="equipment" start={["oxygen"]} />);
    const equipment = screen.getByRole("group", { name: "Equipment and treatments" });
    await user.click(within(equipment).getByRole("checkbox", { name: "None" }));
    expect(answers()).toEqual(["none"]);
    await user.click(within(equipment).getByRole("checkbox", { name: "Patient lift" }));
    expect(answers()).toEqual(["lift"]);
  });

  test("an answer that is not required can be taken back", async () => {
    const user = userEvent.setup();
    await renderIn("en", <One id="news2" start="low" />);
    await user.click(screen.getByRole("button", { name: "Clear NEWS2 band" }));
    expect(answers()).toBeNull();
  });

  test("says what is missing when it is asked to, and in which section", async () => {
    await renderIn("en", <Form start={{ ...complete, careLoad: "" }} strict />);
    expect(completeness(rules, 1, { ...complete, careLoad: "" }).problems).toHaveLength(1);
    const section = screen.getByRole("region", { name: "Function and care load" });
    expect(within(section).getByText("1 still open")).toBeTruthy();
    expect(within(section).getByText(rules.problem("required").labels.en)).toBeTruthy();
  });

  test.each(languages)("axe finds nothing in %s", async (language) => {
    const { container } = await renderIn(language, <Form start={complete} strict />);
    expect(await violations(container)).toEqual([]);
  }, 60_000);
});
