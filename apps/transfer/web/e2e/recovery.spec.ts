// Nobody is locked out: a forgotten password, a sheet of paper, a passkey, the administrators of the facility, nothing at all.
// Each ends with the records of the team open again.
import type { Locator } from "@playwright/test";

import { expect, go, signIn, test, type Person } from "./fixtures";
import { answer, place, saved } from "./form";
import { openCase, part } from "./steps";

// Servers of its own. Other people in each test: whoever types his password often is asked to wait.
test.use({ size: { facilities: 4, cases: 0, log: "warn" } });
test.describe.configure({ timeout: 240_000 });

const NEW = "regen gabel turm 47";
/** Leaves the page and this browser's keys. */
async function signOut({ page, t }: Person): Promise<void> {
  await page.getByRole("button", { name: new RegExp(`^${t("nav.account")}: `) }).click();
  await page.getByRole("menuitem", { name: t("nav.signOut") }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: t("nav.signOut"), exact: true }).click();
  await expect(page.getByRole("button", { name: t("unlock.action"), exact: true })).toBeVisible();
}

type Kind = "password" | "passkey" | "code" | "mail" | "organisation";

/** The row of a way back in. */
function way({ page, t }: Person, kind: Kind): Locator {
  return page.getByRole("list", { name: t("ways.list") }).getByRole("listitem").filter({ hasText: t(`ways.kind.${kind}`) });
}

/** Opens what sets a way back in up. */
async function setUp(person: Person, kind: Kind): Promise<Locator> {
  const { page, t } = person;
  await go(person, "nav.account");
  await way(person, kind).getByRole("button", { name: new RegExp(`^${t(`ways.kind.${kind}`)}: `) }).click();
  return page.locator(".modal");
}

async function works(person: Person, kind: Kind): Promise<void> {
  await expect(way(person, kind)).toContainText(person.t("ways.state.works"), { timeout: 45_000 });
}

/** Begins at the sign-in page. */
async function forgot({ page, t }: Person, name: string): Promise<void> {
  await page.getByRole("button", { name: t("recover.forgot") }).click();
  await page.getByRole("textbox", { name: t("unlock.name"), exact: true }).fill(name);
}

/** Types the new password twice, and goes on into the page. */
async function choosePassword({ page, t }: Person, password: string): Promise<void> {
  await page.getByLabel(t("account.password.new"), { exact: true }).fill(password);
  await expect(page.getByText(t("strength.good"))).toBeVisible();
  await page.getByLabel(t("signUp.again"), { exact: true }).fill(password);
  await page.getByRole("button", { name: t("recover.setPassword"), exact: true }).click();
  await expect(page.getByText(t("recover.done"))).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: t("recover.go"), exact: true }).click();
  await expect(page.getByRole("navigation", { name: t("nav.main") })).toBeVisible({ timeout: 60_000 });
}

/** A case with a name in it, to be read again. */
async function write(person: Person, name: string): Promise<string> {
  const id = await openCase(person);
  await part(person, "case.part.record");
  await answer(person, "familyName", name);
  await saved(person);
  return id;
}

async function reads(person: Person, id: string, name: string): Promise<void> {
  const { page } = person;
  await go(person, "nav.cases");
  await page.locator(`a[href="/cases/${id}"]`).first().click();
  await part(person, "case.part.record");
  await expect(place(page, "familyName").getByRole("textbox")).toHaveValue(name);
}

test("a recovery code on paper: printed, read from the paper, and used", async ({ visit, world }) => {
  const role = world.role("hugo.lambert");
  const hugo = await visit({ as: "hugo.lambert", language: "de" });
  const { t, page } = hugo;
  const id = await write(hugo, "TEST-Papier");
  const dialog = await setUp(hugo, "code");
  await dialog.getByRole("button", { name: t("codeSheet.make"), exact: true }).click();
  await expect(dialog.getByRole("img", { name: t("codeSheet.qr") })).toBeVisible({ timeout: 45_000 });
  const groups = await dialog.getByRole("list", { name: t("codeSheet.code") }).getByRole("listitem").locator("span:last-child").allInnerTexts();
  expect(groups.join("")).toMatch(/^[0-9A-HJKMNP-TV-Z]{34}$/);

  await test.step("the sheet has the code, the name and the day, and nothing else of the page", async () => {
    await page.emulateMedia({ media: "print" });
    const paper = page.locator(".code-paper");
    await expect(paper).toBeVisible();
    await expect(paper).toContainText(role.name);
    for (const group of groups) await expect(paper).toContainText(group);
    await expect(page.locator("#root")).toBeHidden();
    await page.emulateMedia({ media: "screen" });
  });

  await test.step("it has to be read from the paper once", async () => {
    await dialog.getByRole("button", { name: t("codeSheet.have"), exact: true }).click();
    const asked = await dialog.locator("label").first().innerText();
    const at = Number(/\d+/.exec(asked)?.[0]);
    await dialog.locator('[name="proof"]').fill("0000" === groups[at - 1] ? "1111" : "0000");
    await dialog.getByRole("button", { name: t("common.continue"), exact: true }).click();
    await expect(dialog.getByText(t("codeSheet.proofWrong", { group: at }))).toBeVisible();
    await dialog.locator('[name="proof"]').fill((groups[at - 1] ?? "").toLowerCase());
    await dialog.getByRole("button", { name: t("common.continue"), exact: true }).click();
    await expect(dialog).toBeHidden();
  });
  await works(hugo, "code");
  await signOut(hugo);

  await forgot(hugo, role.name);
  await page.getByRole("button", { name: new RegExp(`^${t("recover.code")}`) }).click();
  const field = page.getByLabel(t("recover.typeCode"), { exact: true });
  await field.fill(groups.join("-").replace(/.$/, ""));
  await page.getByRole("button", { name: t("common.continue"), exact: true }).click();
  await expect(page.getByText(t("recover.codeShort", { groups: 9 }))).toBeVisible();
  await field.fill(groups.join(" ").toLowerCase());
  await page.getByRole("button", { name: t("common.continue"), exact: true }).click();
  await choosePassword(hugo, NEW);
  await reads(hugo, id, "TEST-Papier");
  await go(hugo, "nav.account");
  await expect(page.getByText(t("events.by.code"))).toBeVisible();
});

test("a passkey opens the records without a password", async ({ visit, world }) => {
  const nadia = await visit({ language: "en" });
  const { t, page, context } = nadia;
  // Passkeys belong to a name, not to a number.
  await page.goto(world.page.replace("127.0.0.1", "localhost"));
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, hasPrf: true, automaticPresenceSimulation: true },
  });
  await signIn(nadia, world.role("nadia.benali"));
  const id = await write(nadia, "TEST-Passkey");
  const dialog = await setUp(nadia, "passkey");
  await dialog.getByRole("button", { name: t("passkey.action"), exact: true }).click();
  await expect(dialog).toBeHidden({ timeout: 45_000 });
  await works(nadia, "passkey");
  await signOut(nadia);
  await page.getByRole("button", { name: t("recover.forgot") }).click();
  await page.getByRole("button", { name: new RegExp(`^${t("recover.passkey")}`) }).click();
  await expect(page.getByRole("navigation", { name: t("nav.main") })).toBeVisible({ timeout: 60_000 });
  await reads(nadia, id, "TEST-Passkey");
});
