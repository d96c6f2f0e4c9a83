// Every screen of the page, with something on it.
import type { Locator, Page } from "@playwright/test";

import { scannedPdf } from "../test/pdf.mjs";
import { box, expect, go, signIn, type Person, type Visit } from "./fixtures";
import { fillIn, inDays, record, request } from "./form";
import { card, caseOf, choose, moveDialog, offer, openCase, part, stateLabel } from "./steps";
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
  await page.getByRole("button", { name: t("recover.forgot") }).click();
  await at(claire, "forgotten password", page.getByRole("button", { name: t("recover.mail") }));
  await page.getByRole("textbox", { name: t("unlock.name"), exact: true }).fill(world.role("claire.moreau").name);
  await page.getByRole("button", { name: t("recover.mail"), exact: true }).click();
  await at(claire, "forgotten password: codes", page.getByLabel(t("recover.vaultCode")));
  await page.getByRole("button", { name: t("recover.backToWays") }).click();
  await page.getByRole("button", { name: new RegExp(`^${t("recover.code")}`) }).click();
  await at(claire, "forgotten password: paper", page.getByLabel(t("recover.typeCode"), { exact: true }));
  await page.getByRole("button", { name: t("recover.backToWays") }).click();
  await page.getByRole("button", { name: new RegExp(`^${t("recover.help")}`) }).click();
  await at(claire, "forgotten password: help", page.getByText(t("recover.helpText")));
  await page.getByRole("button", { name: t("recover.backToWays") }).click();
  await page.getByRole("button", { name: new RegExp(`^${t("recover.nothing")}`) }).click();
  await at(claire, "forgotten password: nothing left", page.getByText(t("recover.nothingText")));
  await page.getByRole("button", { name: t("recover.backToWays") }).click();
  await page.getByRole("button", { name: t("recover.back") }).click();
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

  const id = await openCase(claire);
  await at(claire, "case: request, nothing answered", page.getByRole("tab", { name: t("case.part.request") }));
  await fillIn(claire, request);
  await at(claire, "case: request", page.getByRole("tab", { name: t("case.part.request") }));
  await part(claire, "case.part.record");
  await fillIn(claire, record);
  await at(claire, "case: record", page.getByRole("tabpanel"));
  await part(claire, "documents.title");
  await page.locator("input[type=file]").setInputFiles({ name: "TEST Arztbrief.pdf", mimeType: "application/pdf", buffer: scannedPdf(300_000, 2, "TEST Arztbrief") });
  await expect(page.getByRole("button", { name: t("documents.open", { name: "TEST Arztbrief.pdf" }) })).toBeEnabled();
  await at(claire, "case: documents", page.getByRole("tabpanel"));
  await part(claire, "case.part.notes");
  await at(claire, "case: notes", page.getByRole("tabpanel"));
  await (await choose(claire, ["Klinik am Park", "Ortenau Krankenhaus"])).hover();
  await at(claire, "ask", page.getByRole("region", { name: t("ask.selection") }));
  await page.getByRole("button", { name: t("ask.preview"), exact: true }).click();
  await at(claire, "ask: preview", page.getByRole("dialog"));
  await escape(claire);
  await page.getByRole("button", { name: t("ask.send", { n: 2 }), exact: true }).click();
  await at(claire, "case: asked", card(claire, "Klinik am Park"));

  // A request that the other side can still answer, through to the choice.
  const jonas = await visit({ as: "jonas.weber", language });
  await go(jonas, "nav.inbox");
  await at(jonas, "inbox", heading(jonas));
  const { requests } = await caseOf(claire, id);
  await jonas.page.locator(requests.map((each) => `a[href="/inbox/${each.id}"]`).join(",")).click();
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
  await jonas.page.locator(".document-title").first().click();
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
  const ways = page.getByRole("list", { name: t("ways.list") });
  await expect(ways).toBeVisible();
  for (const kind of ["password", "passkey", "mail", "organisation"] as const) {
    await ways.getByRole("button", { name: new RegExp(`^${t(`ways.kind.${kind}`)}: `) }).click();
    await at(claire, `account: ${kind}`, page.getByRole("dialog"));
    await escape(claire);
  }
  await ways.getByRole("button", { name: new RegExp(`^${t("ways.kind.code")}: `) }).click();
  await page.getByRole("dialog").getByRole("button", { name: t("codeSheet.make"), exact: true }).click();
  await at(claire, "account: recovery code", page.getByRole("img", { name: t("codeSheet.qr") }));
  await page.getByRole("button", { name: t("codeSheet.have"), exact: true }).click();
  await at(claire, "account: recovery code, read from the paper", page.locator('[name="proof"]'));
  await escape(claire);
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
