// The form of the rules, filled in as somebody does who sees it.
import type { Locator, Page } from "@playwright/test";

import { expect, type Person } from "./fixtures";
import { locales, rules, type Field } from "./texts";

export type Value = string | number | boolean | readonly string[];
export type Answers = Readonly<Record<string, Value>>;

const DAY = 86_400_000;

/** A day as calendars have it, so many days from now. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
}

/** A request that is complete: all invented. */
export const request: Answers = {
  urgency: "sameDay",
  careType: "rehab.geriatric",
  purpose: "rehabilitation",
  dateFrom: inDays(2),
  dateTo: inDays(9),
  readyOn: inDays(1),
  area: "67",
  ageBand: "80-84",
  sex: "female",
  language: "fr",
  payer: "general",
  diagnosisGroup: "hipFracture",
  stability: "stable",
  isolation: "contact",
  germs: ["mrsa"],
  allergies: "yes",
  risks: ["fall"],
  equipment: ["oxygen"],
  oxygenFlow: 2,
  wounds: "none",
  mobility: "person",
  hygiene: "partial",
  eating: "independent",
  continence: "continent",
  cognition: "mild",
  behaviour: ["none"],
  careLoad: "medium",
  barthel: 45,
  braden: 15,
  rehabPotential: "good",
  planAfter: "homeServices",
  patientWish: "agrees",
};

/** The record to it. */
export const record: Answers = {
  familyName: "TEST-Delaunay",
  firstNames: "Marguerite",
  birthDate: "1941-02-03",
  contactPhone: "TEST 4711",
  diagnosis: "TEST fracture du col",
  medication: "TEST paracétamol 1-1-1",
  allergyList: "TEST pénicilline",
};

/** A field of the rules. */
export function fieldOf(id: string): Field {
  const found = rules.fields.find((field) => field.id === id);
  if (found === undefined) throw new Error(`the rules have no field ${id}`);
  return found;
}

/** Where a field stands on the page. */
export function place(page: Page, id: string): Locator {
  return page.locator(".form-field", { has: page.locator(`[name="${id}"]`) });
}

/** Types a day in the order of the language: day, month, year in all three. */
export async function typeDate(page: Page, field: Locator, day: string): Promise<void> {
  const [year, month, date] = day.split("-");
  await field.getByRole("spinbutton").first().click();
  await page.keyboard.type(`${date}${month}${year}`);
}

/** Gives an answer. */
export async function answer({ page, language, label }: Person, id: string, value: Value): Promise<void> {
  const field = fieldOf(id);
  const where = place(page, id);
  if (field.kind === "date") return typeDate(page, where, String(value));
  if (field.kind === "number") {
    const input = where.getByRole("textbox");
    await input.fill(new Intl.NumberFormat(locales[language]).format(Number(value)));
    return input.blur();
  }
  if (field.kind === "text") return where.getByRole("textbox").fill(String(value));
  if (field.kind === "flag") throw new Error("the rules have no such field yet");
  const chip = (code: string): Locator => where.locator(`label:has(input[value="${code}"])`);
  if (field.kind === "codes") {
    const wanted = value as readonly string[];
    for (const option of field.options) {
      const input = where.locator(`input[value="${option.code}"]`);
      if ((await input.count()) > 0 && (await input.isChecked()) !== wanted.includes(option.code)) await chip(option.code).click();
    }
    return;
  }
  if ((await where.locator("label:has(input)").count()) > 0) return chip(String(value)).click();
  await where.getByRole("button").first().click();
  const options = id === "careType" ? rules.careTypes : field.options;
  const option = options.find(({ code }) => code === value);
  if (option === undefined) throw new Error(`${id} has no option ${String(value)}`);
  await page.getByRole("option", { name: label(option.labels), exact: true }).click();
}

/** Gives all these answers and waits until they are saved. */
export async function fillIn(person: Person, answers: Answers): Promise<void> {
  for (const [id, value] of Object.entries(answers)) await answer(person, id, value);
  await saved(person);
}

/** Waits until the page says that everything is saved. */
export async function saved({ page, t }: Person): Promise<void> {
  await expect(page.locator(".save-note")).toContainText(t("case.saved"));
}
