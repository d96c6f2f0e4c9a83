// The screens of those who have lost their way in, and of a facility that has no keys yet, with something on them.
import type { Locator, Page } from "@playwright/test";

import { announced, choosePolicy, chooseUnregistered, invitationFor, letterTo, register } from "./escrow";
import { expect, go, signIn, type Person, type Visit } from "./fixtures";
import { codeIn, codesFor } from "./mails";
import type { Screen } from "./screens";
import { card, completeCase, row } from "./steps";
import type { Language } from "./texts";
import { forgot, NEW, setUp, shortOf, signOut, works } from "./ways";
import type { World } from "./world";

/** Whom a screen is shown to. */
type Look = (page: Page, screen: Screen) => Promise<void>;
type Visitor = (visit: Visit) => Promise<Person>;

/** Facilities with an administrator and a member: each visit takes people of its own, since it leaves them without their keys. */
const facilities = ["EHPAD Les Tilleuls", "Ortenau Krankenhaus", "Clinique du Rhin", "Centre hospitalier de la Moder"];

function looker(look: Look): { readonly seen: Screen[]; readonly at: (person: Person, screen: Screen, ready: Locator) => Promise<void> } {
  const seen: Screen[] = [];
  return {
    seen,
    at: async ({ page }, screen, ready) => {
      await expect(ready).toBeVisible({ timeout: 60_000 });
      await expect(page.locator(".skeleton")).toHaveCount(0);
      seen.push(screen);
      await look(page, screen);
    },
  };
}

/** Ways back in: all of them set up, each of them used. `turn` says whose turn it is. */
export async function visitWaysBack(visit: Visitor, world: World, language: Language, turn: number, look: Look): Promise<readonly Screen[]> {
  const { seen, at } = looker(look);
  const [first, second] = world.roles.filter(({ facility }) => facility === facilities[turn]);
  if (first === undefined || second === undefined) throw new Error("the facility has too few people");
  const address = `${shortOf(second)}@home.example`;

  // A passkey belongs to a name, not to a number.
  const member = await visit({ language });
  const { page, t, context } = member;
  await page.goto(world.page.replace("127.0.0.1", "localhost"));
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, hasPrf: true, automaticPresenceSimulation: true },
  });
  await signIn(member, second);
  await at(member, "banner: only a password", page.getByRole("region", { name: t("ways.alone.password") }));
  await go(member, "nav.account");
  await at(member, "account: only a password", page.getByText(t("ways.alone.passwordText")));

  const paper = await setUp(member, "code");
  await at(member, "account: make a recovery code", paper.getByRole("button", { name: t("codeSheet.make"), exact: true }));
  await paper.getByRole("button", { name: t("codeSheet.make"), exact: true }).click();
  await expect(paper.getByRole("img", { name: t("codeSheet.qr") })).toBeVisible({ timeout: 45_000 });
  const groups = await paper.getByRole("list", { name: t("codeSheet.code") }).getByRole("listitem").locator("span:last-child").allInnerTexts();
  await page.emulateMedia({ media: "print" });
  await at(member, "print: recovery code", page.locator(".code-paper"));
  await page.emulateMedia({ media: "screen" });
  await paper.getByRole("button", { name: t("codeSheet.have"), exact: true }).click();
  const asked = Number(/\d+/.exec(await paper.locator("label").first().innerText())?.[0]);
  await paper.locator('[name="proof"]').fill(groups[asked - 1] ?? "");
  await paper.getByRole("button", { name: t("common.continue"), exact: true }).click();
  await expect(paper).toBeHidden();
  const mail = await setUp(member, "mail");
  await mail.getByLabel(t("byMail.address")).fill(address);
  await mail.locator("label").filter({ hasText: t("byMail.delay.24") }).click();
  await mail.getByRole("button", { name: t("byMail.action"), exact: true }).click();
  await expect(mail).toBeHidden({ timeout: 45_000 });
  const help = await setUp(member, "organisation");
  await help.locator("label").filter({ hasText: t("byFacility.quorum.1") }).click();
  await expect(help.getByText(t("byFacility.means1"))).toBeVisible();
  await at(member, "account: one administrator", help);
  await help.getByRole("button", { name: t("byFacility.action"), exact: true }).click();
  await expect(help).toBeHidden({ timeout: 45_000 });
  const key = await setUp(member, "passkey");
  await key.getByRole("button", { name: t("passkey.action"), exact: true }).click();
  await expect(key).toBeHidden({ timeout: 45_000 });
  for (const kind of ["password", "passkey", "code", "mail", "organisation"] as const) await works(member, kind);
  await at(member, "account: every way set", page.getByRole("list", { name: t("ways.list") }));
  await page.getByRole("button", { name: t("ways.moreFor", { what: t("ways.kind.code") }) }).click();
  await page.getByRole("menuitem", { name: t("ways.remove") }).click();
  await at(member, "account: remove a way", page.locator(".modal"));
  await page.keyboard.press("Escape");
  await expect(page.locator(".modal")).toBeHidden();
  await signOut(member);

  // By email, with a delay that somebody else of the same name sees.
  await forgot(member, second.name);
  await page.getByRole("button", { name: t("recover.mail"), exact: true }).click();
  const { own, vault } = await codesFor(world, address, await page.locator(".tag-panel-tag").innerText());
  await page.getByRole("button", { name: t("recover.check"), exact: true }).click();
  await at(member, "forgotten password: codes, nothing typed", page.getByText(t("recover.needCode")).first());
  await page.getByLabel(t("recover.ownCode")).fill(own);
  await page.getByLabel(t("recover.vaultCode")).fill(vault);
  await page.getByRole("button", { name: t("recover.check"), exact: true }).click();
  await at(member, "forgotten password: delay", page.getByText(t("recover.waitText")));

  const elsewhere = await visit({ as: shortOf(second), language });
  await at(elsewhere, "banner: a recovery waits", elsewhere.page.getByRole("alert").filter({ hasText: t("events.pending") }));
  await go(elsewhere, "nav.account");
  await at(elsewhere, "account: a recovery waits", elsewhere.page.getByRole("alert").filter({ hasText: t("events.pending") }));
  // After a reload a shared computer keeps what signs everyday things, and no more.
  await elsewhere.page.reload();
  await elsewhere.page.getByRole("button", { name: t("ways.moreFor", { what: t("ways.kind.code") }) }).click({ timeout: 60_000 });
  await elsewhere.page.getByRole("menuitem", { name: t("ways.remove") }).click();
  await elsewhere.page.locator(".modal").getByRole("button", { name: t("ways.remove"), exact: true }).click();
  await expect(elsewhere.page.locator('[name="current-password"]')).toBeFocused();
  await at(elsewhere, "password, again", elsewhere.page.getByRole("alertdialog", { name: t("stepUp.title") }));

  // By the administrators.
  await page.getByRole("button", { name: t("recover.backToWays") }).click();
  await page.getByRole("button", { name: new RegExp(`^${t("recover.help")}`) }).click();
  await at(member, "forgotten password: administrators asked", page.getByText(t("recover.helpWaiting")));
  const admin = await visit({ as: shortOf(first), language });
  await go(admin, "nav.team");
  const theirs = admin.page;
  const approve = theirs.getByRole("button", { name: t("team.helpApprove"), exact: true });
  await at(admin, "team: somebody asks for help", approve);
  await approve.click();
  const compare = theirs.locator(".modal");
  await at(admin, "team: six characters", compare.locator(".tag-panel-tag"));
  await compare.getByRole("button", { name: t("team.helpSame"), exact: true }).click();
  await expect(compare).toBeHidden({ timeout: 45_000 });
  await at(member, "forgotten password: new password", page.getByRole("heading", { name: t("recover.newTitle") }));
  await page.getByLabel(t("account.password.new"), { exact: true }).fill(NEW);
  await page.getByLabel(t("signUp.again"), { exact: true }).fill(NEW);
  await at(member, "forgotten password: new password, typed", page.getByText(t("strength.good")));
  await page.getByRole("button", { name: t("recover.setPassword"), exact: true }).click();
  await at(member, "forgotten password: done", page.getByText(t("recover.done")));
  await page.getByRole("button", { name: t("recover.go"), exact: true }).click();
  await expect(page.getByRole("navigation", { name: t("nav.main") })).toBeVisible({ timeout: 60_000 });
  await go(member, "nav.account");
  await at(member, "account: a recovery has happened", page.getByText(t("events.by.organisation")));

  // A new identity.
  await theirs.getByRole("button", { name: t("team.moreFor", { name: second.name }) }).click();
  await theirs.getByRole("menuitem", { name: t("team.restart") }).click();
  await at(admin, "team: new identity", compare);
  await compare.getByRole("button", { name: t("team.restartAction"), exact: true }).click();
  await at(admin, "team: invitation", compare.locator(".team-link"));
  const link = await compare.locator(".team-link").innerText();
  await compare.getByRole("button", { name: t("common.close"), exact: true }).last().click();
  await at(admin, "team: new identity waits", theirs.getByRole("list", { name: t("team.restarts") }));
  const person = await visit({ language });
  await person.page.goto(link);
  await person.page.reload();
  await at(person, "sign-up: invitation", person.page.getByRole("button", { name: t("signUp.action"), exact: true }));
  await person.page.getByLabel(t("unlock.password"), { exact: true }).fill(NEW);
  await person.page.getByLabel(t("signUp.again"), { exact: true }).fill(NEW);
  await person.page.getByRole("button", { name: t("signUp.action"), exact: true }).click();
  await at(person, "no facility: number", person.page.getByRole("group", { name: t("noFacility.number") }).locator("output"));
  const take = theirs.getByRole("button", { name: t("team.restartTake"), exact: true });
  await at(admin, "team: new identity is there", take);
  await take.click();
  await expect(compare.locator("output")).toHaveText(/^(\d{5} ){3}\d{5}$/);
  await at(admin, "team: twenty digits", compare);
  return seen;
}

/** A facility without keys: asked in each way, registered, and its request opened. It is registered for good: `world` is for this alone. */
export async function visitEscrow(visitAny: Visitor, world: World, language: Language, look: Look): Promise<readonly Screen[]> {
  const { seen, at } = looker(look);
  const visit: Visitor = (how) => visitAny({ ...how, world });
  const sender = await visit({ as: "hugo.lambert", language });
  const { page, t } = sender;
  const [first, second] = await announced(sender);
  if (first === undefined || second === undefined) throw new Error("the directory has too few facilities without keys");
  await completeCase(sender);
  await page.getByRole("button", { name: t("case.ask"), exact: true }).click();
  const dialog = await chooseUnregistered(sender, first);
  await at(sender, "ask: not registered", dialog);
  await dialog.getByRole("button", { name: t("escrow.action"), exact: true }).click();
  const other = await chooseUnregistered(sender, second);
  await choosePolicy(sender, other, "code");
  await at(sender, "ask: not registered, by a code", other.getByText(t("escrow.codeNote")));
  await other.getByRole("button", { name: t("escrow.action"), exact: true }).click();
  await at(sender, "ask: in escrow", page.locator(".facility-escrow").first());
  await page.getByRole("button", { name: t("ask.send", { n: 2 }), exact: true }).click();
  await expect(card(sender, first.name)).toContainText(t("escrow.state.inEscrow"), { timeout: 45_000 });
  await at(sender, "case: in escrow", card(sender, second.name).locator("output"));

  const { link } = await invitationFor(world, first);
  const there = await visit({ language });
  await there.page.goto(link);
  await there.page.reload();
  await at(there, "registration", there.page.getByText(t("register.lead", { n: 1, facility: first.name })));
  await register(there, link, NEW);
  const sendCode = there.page.getByRole("button", { name: t("register.sendCode"), exact: true });
  await at(there, "registration: code", sendCode);
  await sendCode.click();
  await at(there, "registration: code sent", there.page.getByLabel(t("register.code")));
  await there.page.getByLabel(t("register.code")).fill(codeIn(await letterTo(world, first)));
  await there.page.getByRole("button", { name: t("register.open"), exact: true }).click();
  await at(there, "registration: open", there.page.getByText(t("register.opened", { n: 1 })));
  await expect(card(sender, first.name)).toContainText(t("escrow.state.delivered"), { timeout: 45_000 });
  await at(sender, "case: delivered", card(sender, first.name));
  await there.page.getByRole("link", { name: t("register.toInbox") }).click();
  await row(there, "Hôpital Saint-Roch").click();
  await at(there, "request of a facility that has just registered", there.page.getByRole("group", { name: t("request.answer") }));
  await expect(card(sender, first.name)).toContainText(t("escrow.state.opened"), { timeout: 45_000 });
  await at(sender, "case: opened", card(sender, first.name));
  return seen;
}
