// A facility that has never heard of us: it is asked, registers, and what waited opens, though its keys did not exist when it
// was sealed. Or it is called, and what it says is entered.
import { expect, go, test } from "./fixtures";
import { announced, askInEscrow, invitationFor, letterTo } from "./escrow";
import { codeIn } from "./mails";
import { card, completeCase, row } from "./steps";

// Servers of its own.
test.use({ size: { facilities: 4, cases: 0, log: "warn" } });
test.describe.configure({ timeout: 300_000 });

test("a facility that is not registered gets a request the day it registers", async ({ visit, world }) => {
  const claire = await visit({ as: "claire.moreau", language: "fr" });
  const { t } = claire;
  const [facility] = await announced(claire);
  if (facility === undefined) throw new Error("the directory has no facility without keys");
  const id = await completeCase(claire);
  await askInEscrow(claire, facility);
  await expect(card(claire, facility.name)).toContainText(t("escrow.state.inEscrow"), { timeout: 45_000 });

  const { mail, link } = await invitationFor(world, facility);
  for (const word of ["Delaunay", "paracétamol", "fracture", id]) expect(mail.raw).not.toContain(word);

  const somebody = await visit({ language: "de" });
  const { page } = somebody;
  await page.goto(link);
  await page.reload();
  await expect(page.getByText(somebody.t("register.lead", { n: 1, facility: facility.name }))).toBeVisible();
  await page.getByLabel(somebody.t("unlock.password"), { exact: true }).fill("regen gabel turm 47");
  await page.getByLabel(somebody.t("signUp.again"), { exact: true }).fill("regen gabel turm 47");
  await page.getByRole("button", { name: somebody.t("signUp.action"), exact: true }).click();
  await page.getByRole("button", { name: somebody.t("register.sendCode"), exact: true }).click({ timeout: 90_000 });
  await page.getByLabel(somebody.t("register.code")).fill(codeIn(await letterTo(world, facility)));
  await page.getByRole("button", { name: somebody.t("register.open"), exact: true }).click();
  await expect(page.getByText(somebody.t("register.opened", { n: 1 }))).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(somebody.t("register.done", { facility: facility.name }));
  await expect(card(claire, facility.name)).toContainText(t("escrow.state.delivered"), { timeout: 45_000 });

  await page.getByRole("link", { name: somebody.t("register.toInbox") }).click();
  await row(somebody, "Hôpital Saint-Roch").click();
  await expect(page.getByRole("group", { name: somebody.t("request.answer") })).toBeVisible({ timeout: 45_000 });
  await expect(card(claire, facility.name)).toContainText(t("escrow.state.opened"), { timeout: 45_000 });
  await go(somebody, "nav.team");
  await expect(page.getByRole("list", { name: somebody.t("team.members") }).getByRole("listitem")).toHaveCount(1);
});

test("a facility that is not registered answers by telephone", async ({ visit }) => {
  const hugo = await visit({ as: "hugo.lambert", language: "en" });
  const { page, t } = hugo;
  const facility = (await announced(hugo)).at(-1);
  if (facility === undefined) throw new Error("the directory has no facility without keys");
  await completeCase(hugo);
  await askInEscrow(hugo, facility);
  const theirs = card(hugo, facility.name);
  await expect(theirs).toContainText(t("escrow.state.inEscrow"), { timeout: 45_000 });
  await theirs.getByRole("button", { name: t("case.moreFor", { facility: facility.name }) }).click();
  const group = page.getByRole("menu").getByRole("group", { name: t("case.byTelephone") });
  await group.getByRole("menuitem").first().click();
  await expect(theirs).toContainText(t("case.byTelephone"), { timeout: 45_000 });
});
