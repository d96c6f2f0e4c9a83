// What people do, in the steps that several tests take.
import type { Locator } from "@playwright/test";

import { ask, box, expect, go, type Person } from "./fixtures";
import { answer, fillIn, record, request, typeDate, type Answers } from "./form";
import { coded, rules } from "./texts";

export interface BlobInfo {
  readonly id: string;
  readonly size: number;
  readonly complete: boolean;
}

export interface RequestRecord {
  readonly id: string;
  readonly case: string;
  readonly from: string;
  readonly to: string;
  readonly state: string;
  readonly session: string;
  readonly sealed: string;
  readonly disclosure: { readonly session: string; readonly sealed: string; readonly documents: readonly BlobInfo[] } | null;
}

export interface CaseRecord {
  readonly id: string;
  readonly state: string;
  readonly sealed: string;
  readonly documents: readonly BlobInfo[];
  readonly requests: readonly RequestRecord[];
  readonly revocations: readonly { readonly request: string; readonly done: number | null }[];
}

/** Opens a case for geriatric rehabilitation; gives its identifier. */
export async function openCase(person: Person, bundle?: string): Promise<string> {
  const { page, t, label } = person;
  await go(person, "nav.cases");
  await page.getByRole("button", { name: t("cases.new"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: t("newCase.title") });
  await dialog.getByRole("button", { name: new RegExp(t("newCase.careType").replace("?", "\\?")) }).click();
  await page.getByRole("option", { name: label(coded(rules.careTypes, "rehab.geriatric").labels), exact: true }).click();
  if (bundle !== undefined) {
    await dialog.getByRole("button", { name: t("import.title"), exact: true }).click();
    await dialog.locator("input[type=file]").setInputFiles(bundle);
    await expect(dialog.getByRole("status")).toBeVisible();
  }
  await dialog.getByRole("button", { name: t("newCase.create"), exact: true }).click();
  await page.waitForURL(/\/cases\/[0-9A-Z]{26}$/);
  await expect(page.getByRole("tab", { name: t("case.part.request") })).toBeVisible();
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}

/** Opens one of the parts of a case. */
export async function part({ page, t }: Person, which: "case.part.request" | "case.part.record" | "documents.title" | "case.part.notes"): Promise<void> {
  await page.getByRole("tab", { name: new RegExp(`^${t(which)}`) }).click();
}

/** Opens a case whose request and record are complete. */
export async function completeCase(person: Person, more: { readonly request?: Answers; readonly record?: Answers } = {}): Promise<string> {
  const id = await openCase(person);
  await fillIn(person, { ...request, ...more.request });
  await part(person, "case.part.record");
  await fillIn(person, { ...record, ...more.record });
  return id;
}

/** Goes from the case to its list of facilities and ticks these. */
export async function choose({ page, t }: Person, facilities: readonly string[]): Promise<Locator> {
  await page.getByRole("button", { name: t("case.ask"), exact: true }).or(page.getByRole("button", { name: t("case.askMore"), exact: true })).click();
  for (const facility of facilities) await box(page, t("ask.choose", { facility })).click();
  return page.getByRole("button", { name: t("ask.send", { n: facilities.length }), exact: true });
}

/** Asks these facilities. */
export async function send(person: Person, facilities: readonly string[]): Promise<void> {
  await (await choose(person, facilities)).click();
  await expect(person.page).toHaveURL(/\/cases\/[0-9A-Z]{26}$/);
  for (const facility of facilities) await expect(card(person, facility)).toBeVisible();
}

/** The card of a facility that was asked. */
export function card({ page }: Person, facility: string): Locator {
  return page.getByRole("region", { name: facility, exact: true });
}

/** The row of a request in the inbox. */
export function row({ page }: Person, from: string): Locator {
  return page.locator("main").getByRole("link").filter({ hasText: from });
}

/** The state of a request as words. */
export function stateLabel({ label }: Person, state: string): string {
  return label(coded(rules.requestStates, state).labels);
}

/** The dialog of a move, by where it leads. */
export function moveDialog({ page, label }: Person, to: string, side: "sender" | "receiver" = "receiver"): Locator {
  const move = rules.moves.find((each) => each.to === to && each.side === side && !each.telephone);
  if (move === undefined) throw new Error(`the rules know no move to ${to}`);
  return page.getByRole("dialog", { name: label(move.labels), exact: true });
}

/** Presses the button at the end of a dialog. */
export async function confirm(dialog: Locator, name: string): Promise<void> {
  await dialog.getByRole("button", { name, exact: true }).click();
  await expect(dialog).toBeHidden();
}

/** Opens the full record to a facility. */
export async function disclose(person: Person, facility: string): Promise<void> {
  const { page, t } = person;
  await card(person, facility).getByRole("button", { name: t("disclose.action"), exact: true }).click();
  const dialog = page.getByRole("alertdialog", { name: t("disclose.title", { facility }) });
  await box(page, t("disclose.consent"), dialog).click();
  await dialog.getByRole("button", { name: t("disclose.action"), exact: true }).click();
  await expect(dialog).toBeHidden({ timeout: 30_000 });
}

/** Offers a place. */
export async function offer(person: Person, day: string, conditions: string): Promise<void> {
  const { page, t, label } = person;
  await page.keyboard.press("o");
  const dialog = moveDialog(person, "offered");
  await typeDate(page, dialog, day);
  await dialog.getByLabel(t("move.conditions")).fill(conditions);
  const move = rules.moves.find(({ to, side }) => to === "offered" && side === "receiver");
  await confirm(dialog, label(move?.labels ?? { en: "", fr: "", de: "" }));
}

/** A case as its sender has it. */
export function caseOf({ page }: Person, id: string): Promise<CaseRecord> {
  return ask<CaseRecord>(page, `/api/cases/${id}`);
}

export { answer };
