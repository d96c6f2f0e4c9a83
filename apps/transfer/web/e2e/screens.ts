// Every screen of the page, with something on it.
import type { Locator, Page } from "@playwright/test";

import { ask, box, expect, go, signIn, type Person, type Visit } from "./fixtures";
import { inDays } from "./form";
import { card, moveDialog, offer, part, stateLabel, type CaseRecord, type RequestRecord } from "./steps";
import type { Language } from "./texts";
import type { World } from "./world";

/** A screen, or a dialog over one. */
export type Screen = string;

/** Goes through all screens in a language, and lets somebody look at each. Gives their names. */
export async function visitScreens(visit: (visit: Visit) => Promise<Person>, world: World, language: Language, look: (page: Page, screen: Screen) => Promise<void>): Promise<readonly Screen[]> {
  const seen: Screen[] = [];
  const at = async ({ page }: Person, screen: Screen, ready: Locator): Promise<void> => {
    await expect(ready).toBeVisible();
    await expect(page.locator(".skeleton")).toHaveCount(0);
    seen.push(screen);
    await look(page, screen);
  };
  const heading = ({ page }: Person): Locator => page.getByRole("heading", { level: 1 });
  const escape = async ({ page }: Person): Promise<void> => {
    await page.keyboard.press("Escape");
    await expect(page.locator(".modal-overlay")).toHaveCount(0);
  };

  // Before anybody has signed in.
  const claire = await visit({ language });
  const { page, t } = claire;
  await at(claire, "unlock", page.getByRole("button", { name: t("unlock.action"), exact: true }));
  await page.getByRole("button", { name: t("unlock.action"), exact: true }).click();
  await at(claire, "unlock, nothing typed", page.getByText(t("unlock.needName")));
  await page.getByRole("button", { name: t("unlock.haveInvitation") }).click();
  await at(claire, "sign-up", page.getByRole("heading", { name: t("signUp.title") }));
  await page.getByRole("button", { name: t("signUp.backToSignIn") }).click();
  await signIn(claire, world.role("claire.moreau"));

  // The sender.
  await go(claire, "nav.cases");
  await at(claire, "cases", page.locator("main").getByRole("link").first());
  await page.getByRole("button", { name: t("cases.new"), exact: true }).click();
  await at(claire, "new case", page.getByRole("dialog"));
  await escape(claire);

  const [mine] = await ask<{ facilities: { group: string }[] }>(page, "/api/session").then(({ facilities }) => facilities);
  const cases = await ask<CaseRecord[]>(page, `/api/cases?facility=${mine?.group}`);
  const open = async (record: CaseRecord | undefined): Promise<void> => {
    if (record === undefined) throw new Error("no such case in the demonstration");
    await go(claire, "nav.cases");
    const link = page.locator(`a[href="/cases/${record.id}"]`);
    // What is over is folded away.
    if ((await link.count()) === 0) await page.getByRole("searchbox", { name: t("cases.search") }).fill(record.id.slice(-6));
    await link.first().click();
    await expect(page.getByRole("tab", { name: t("documents.title") })).toBeVisible();
  };
  const draft = cases.find(({ requests, state }) => requests.length === 0 && ["draft", "ready"].includes(state));
  await open(draft);
  await at(claire, "case: request", page.getByRole("tab", { name: t("case.part.request") }));
  for (const [which, name] of [["case.part.record", "case: record"], ["documents.title", "case: documents"], ["case.part.notes", "case: notes"]] as const) {
    await part(claire, which);
    await at(claire, name, page.getByRole("tabpanel"));
  }
  await page.getByRole("button", { name: t("case.ask"), exact: true }).click();
  await at(claire, "ask", page.getByRole("checkbox").first().locator(".."));
  await page.getByRole("button", { name: t("ask.preview"), exact: true }).click();
  await at(claire, "ask: preview", page.getByRole("dialog"));
  await escape(claire);

  // A request that the other side can still answer, through to the choice.
  const jonas = await visit({ as: "jonas.weber", language });
  await go(jonas, "nav.inbox");
  await at(jonas, "inbox", heading(jonas));
  const [theirs] = await ask<{ facilities: { group: string }[] }>(jonas.page, "/api/session").then(({ facilities }) => facilities);
  const requests = await ask<RequestRecord[]>(jonas.page, `/api/requests?facility=${theirs?.group}`);
  const request = requests.find(({ from, state }) => from === mine?.group && ["sent", "viewed", "in_review"].includes(state));
  if (request === undefined) throw new Error(`nobody asks: ${requests.map(({ state }) => state).join(", ")}`);
  await jonas.page.locator(`a[href="/inbox/${request.id}"]`).click();
  await expect(jonas.page.locator(".decision .skeleton")).toHaveCount(0);
  await at(jonas, "request", jonas.page.getByRole("group", { name: jonas.t("request.answer") }));
  await jonas.page.keyboard.press("d");
  await at(jonas, "refusal", moveDialog(jonas, "declined"));
  await escape(jonas);
  await jonas.page.keyboard.press("f");
  await at(jonas, "question", moveDialog(jonas, "info_needed"));
  await escape(jonas);
  await jonas.page.keyboard.press("i");
  await expect(jonas.page.getByText(jonas.t("request.awaits.interested", { facility: "Hôpital Saint-Roch" }))).toBeVisible();

  await open(cases.find(({ id }) => id === request.case));
  await expect(card(claire, "Klinik am Park").getByRole("button", { name: t("disclose.action"), exact: true })).toBeVisible();
  await at(claire, "case with answers", page.getByRole("complementary"));
  await card(claire, "Klinik am Park").getByRole("button", { name: t("disclose.action"), exact: true }).click();
  const disclosure = page.getByRole("alertdialog", { name: t("disclose.title", { facility: "Klinik am Park" }) });
  await at(claire, "disclosure", disclosure);
  const consent = box(page, t("disclose.consent"), disclosure);
  if ((await consent.count()) > 0) await consent.click();
  await disclosure.getByRole("button", { name: t("disclose.action"), exact: true }).click();
  await expect(disclosure).toBeHidden();
  await at(jonas, "full record", jonas.page.locator(".patient-name"));
  await jonas.page.locator(".document-name").first().click();
  await at(jonas, "viewer", jonas.page.locator(".pdf canvas").first());
  await escape(jonas);
  await jonas.page.keyboard.press("o");
  await at(jonas, "offer", moveDialog(jonas, "offered"));
  await escape(jonas);
  await offer(jonas, inDays(4), "TEST 3B");
  await card(claire, "Klinik am Park").getByRole("button", { name: t("choose.action"), exact: true }).click();
  const choice = page.getByRole("alertdialog", { name: t("choose.title", { facility: "Klinik am Park" }) });
  await at(claire, "choice", choice);
  await choice.getByRole("button", { name: t("choose.action"), exact: true }).click();
  await expect(choice).toBeHidden();
  await expect(card(claire, "Klinik am Park")).toContainText(stateLabel(claire, "chosen"));
  await at(claire, "case that has chosen", page.getByRole("complementary"));
  await at(jonas, "request that was chosen", jonas.page.getByRole("group", { name: jonas.t("request.answer") }));

  // The frame.
  await go(claire, "nav.directory");
  await at(claire, "directory", page.getByRole("list", { name: t("nav.directory") }));
  await go(claire, "nav.team");
  await at(claire, "team", page.getByRole("list", { name: t("team.members") }));
  await go(claire, "nav.account");
  await at(claire, "account", page.getByText(t("account.devices")));
  await page.keyboard.press("?");
  await at(claire, "keyboard", page.getByRole("dialog", { name: t("help.title") }));
  await escape(claire);
  await page.getByRole("button", { name: new RegExp(`^${t("nav.account")}: `) }).click();
  await at(claire, "menu", page.getByRole("menu"));
  await page.keyboard.press("Escape");

  await go(jonas, "nav.cases");
  await at(jonas, "no cases", jonas.page.getByText(jonas.t("cases.none"), { exact: true }));
  return seen;
}
