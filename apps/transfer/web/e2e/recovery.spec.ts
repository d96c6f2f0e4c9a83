// Nobody is locked out: a forgotten password, a sheet of paper, a passkey, the administrators of the facility, nothing at all.
// Each ends with the records of the team open again.
import { expect, go, signIn, test, type Person } from "./fixtures";
import { answer, place, saved } from "./form";
import { codesFor, mailTo } from "./mails";
import { openCase, part } from "./steps";
import { choosePassword, forgot, NEW, setUp, shortOf, signInWith, signOut, way, works } from "./ways";

// Servers of its own. Other people in each test: whoever types his password often is asked to wait.
test.use({ size: { facilities: 4, cases: 0, log: "warn" } });
test.describe.configure({ timeout: 240_000 });

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

/** The old password opens nothing any more. */
async function refuses(person: Person, name: string, password: string): Promise<void> {
  const { page, t } = person;
  await page.getByRole("textbox", { name: t("unlock.name"), exact: true }).fill(name);
  await page.getByLabel(t("unlock.password"), { exact: true }).fill(password);
  await page.getByRole("button", { name: t("unlock.action"), exact: true }).click();
  await expect(page.getByText(t("unlock.wrong"))).toBeVisible({ timeout: 45_000 });
}

test("a forgotten password: two codes from two servers, a new password, and every record opens", async ({ visit, world, faults }) => {
  // What is typed wrong on purpose.
  faults.expect(/40\d .*(\/api\/recovery\/finish|\/v1\/)/);
  const role = world.role("claire.moreau");
  const claire = await visit({ as: "claire.moreau", language: "fr" });
  const { t, page } = claire;
  const id = await write(claire, "TEST-Oubli");

  // Whoever has only a password is told.
  await expect(page.getByText(t("ways.alone.passwordText")).first()).toBeVisible();
  const dialog = await setUp(claire, "mail");
  await dialog.getByLabel(t("byMail.address")).fill("claire@prive.example");
  await dialog.getByRole("button", { name: t("byMail.action"), exact: true }).click();
  await expect(dialog).toBeHidden({ timeout: 45_000 });
  await works(claire, "mail");
  await expect(way(claire, "mail")).toContainText("claire@prive.example");
  await signOut(claire);

  await test.step("a wrong code is said to be wrong, and which", async () => {
    await forgot(claire, role.name);
    await page.getByRole("button", { name: t("recover.mail"), exact: true }).click();
    const tag = await page.locator(".tag-panel-tag").innerText();
    const { own, vault } = await codesFor(world, "claire@prive.example", tag);
    const [first, second] = [page.getByLabel(t("recover.ownCode")), page.getByLabel(t("recover.vaultCode"))];
    await first.fill(own === "00000000" ? "00000001" : "00000000");
    await second.fill(vault);
    await page.getByRole("button", { name: t("recover.check"), exact: true }).click();
    await expect(page.locator(".recover-codes .field").first()).toContainText(/faux/);
    await first.fill(own);
    await page.getByRole("button", { name: t("recover.check"), exact: true }).click();
  });
  await choosePassword(claire, NEW);
  await reads(claire, id, "TEST-Oubli");

  await test.step("it is recorded, told by mail, and the old password is over", async () => {
    await go(claire, "nav.account");
    await expect(page.getByText(t("events.by.mail"))).toBeVisible();
    await works(claire, "mail");
    const told = await mailTo(world, role.name, ({ text }) => !/\d{4} ?\d{4}/.test(text));
    for (const word of ["TEST-Oubli", id, role.person]) expect(told.raw).not.toContain(word);
    await signOut(claire);
    await refuses(claire, role.name, role.password);
    await signInWith(claire, role.name, NEW);
  });
});

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

test("the administrators of the facility let somebody back in, after six characters were compared", async ({ visit, world }) => {
  // The first of a facility is its administrator.
  const role = world.role("miriam.vogel");
  const [first, other] = world.roles.filter(({ facility }) => facility === role.facility);
  const somebody = other ?? role;
  const [admin, miriam] = await Promise.all([visit({ as: shortOf(first ?? role), language: "de" }), visit({ as: shortOf(somebody), language: "de" })]);
  const { t, page } = miriam;
  const dialog = await setUp(miriam, "organisation");
  await expect(dialog.getByText(t("byFacility.text"))).toBeVisible();
  await dialog.locator("label").filter({ hasText: t("byFacility.quorum.1") }).click();
  await expect(dialog.getByText(t("byFacility.means1"))).toBeVisible();
  await dialog.getByRole("button", { name: t("byFacility.action"), exact: true }).click();
  await expect(dialog).toBeHidden({ timeout: 45_000 });
  await works(miriam, "organisation");
  await signOut(miriam);

  await go(admin, "nav.team");
  await forgot(miriam, somebody.name);
  await page.getByRole("button", { name: new RegExp(`^${t("recover.help")}`) }).click();
  const tag = await page.locator(".tag-panel-tag").innerText();
  await expect(page.getByText(t("recover.helpWaiting"))).toBeVisible();

  await admin.page.getByRole("button", { name: admin.t("team.helpApprove"), exact: true }).click({ timeout: 60_000 });
  const compare = admin.page.getByRole("alertdialog");
  await expect(compare.locator(".tag-panel-tag")).toHaveText(tag);
  await compare.getByRole("button", { name: admin.t("team.helpSame"), exact: true }).click();
  await expect(compare).toBeHidden({ timeout: 45_000 });

  await choosePassword(miriam, NEW);
  await go(miriam, "nav.account");
  await expect(page.getByText(t("events.by.organisation"))).toBeVisible();
});

test("somebody with nothing left gets a new identity, and no record is lost", async ({ visit, world }) => {
  const [first, other] = world.roles.filter(({ facility }) => facility === "Klinik am Park");
  if (first === undefined || other === undefined) throw new Error("the facility has too few people");
  const admin = await visit({ as: shortOf(first), language: "de" });
  const id = await write(admin, "TEST-Team");
  await go(admin, "nav.team");
  const { page: theirs, t } = admin;
  await theirs.getByRole("button", { name: t("team.moreFor", { name: other.name }) }).click();
  await theirs.getByRole("menuitem", { name: t("team.restart") }).click();
  await theirs.getByRole("alertdialog").getByRole("button", { name: t("team.restartAction"), exact: true }).click();
  const link = await theirs.locator(".team-link").innerText();
  await theirs.getByRole("alertdialog").getByRole("button", { name: t("common.close"), exact: true }).last().click();

  const person = await visit({ language: "de" });
  const { page } = person;
  await page.goto(link);
  await page.reload();
  await page.getByLabel(t("unlock.password"), { exact: true }).fill(NEW);
  await page.getByLabel(t("signUp.again"), { exact: true }).fill(NEW);
  await page.getByRole("button", { name: t("signUp.action"), exact: true }).click();
  const number = page.getByRole("group", { name: t("noFacility.number") }).locator("output");
  await expect(number).toHaveText(/^(\d{5} ){3}\d{5}$/, { timeout: 60_000 });

  await theirs.getByRole("button", { name: t("team.restartTake"), exact: true }).click({ timeout: 60_000 });
  const compare = theirs.getByRole("alertdialog");
  await expect(compare.locator("output")).toHaveText(await number.innerText());
  await compare.getByRole("button", { name: t("team.restartTakeAction"), exact: true }).click();
  await expect(compare).toBeHidden({ timeout: 45_000 });
  await expect(page.getByRole("navigation", { name: t("nav.main") })).toBeVisible({ timeout: 60_000 });
  await reads(person, id, "TEST-Team");
});

test("a shared computer: a reload asks for nothing, the team for the password, the next morning for everything", async ({ visit, world, faults }) => {
  // A password that is typed wrong on purpose.
  faults.expect(/40\d .*\/v1\//);
  const others = ["Hôpital Saint-Roch", "Klinik am Park", "Ortenau Krankenhaus"];
  const admin = world.roles.find(({ facility }) => !others.includes(facility));
  if (admin === undefined) throw new Error("there is no fourth facility");
  const person = await visit({ as: shortOf(admin), language: "fr" });
  const { page, t } = person;
  const main = page.getByRole("navigation", { name: t("nav.main") });
  await page.reload();
  await expect(main).toBeVisible({ timeout: 45_000 });
  await go(person, "nav.team");
  await page.getByLabel(t("unlock.name"), { exact: true }).fill(world.role("hugo.lambert").name);
  await page.getByRole("button", { name: t("team.addAction"), exact: true }).click();

  const dialog = page.getByRole("alertdialog", { name: t("stepUp.title") });
  const password = dialog.getByLabel(t("unlock.password"), { exact: true });
  await password.fill("ce n’est pas lui");
  await dialog.getByRole("button", { name: t("stepUp.action"), exact: true }).click();
  await expect(dialog.getByText(t("unlock.wrong"))).toBeVisible({ timeout: 45_000 });
  await password.fill(admin.password);
  await dialog.getByRole("button", { name: t("stepUp.action"), exact: true }).click();
  await expect(dialog).toBeHidden({ timeout: 45_000 });
  // What was wanted went on by itself.
  await expect(page.getByText(t("team.added", { name: world.role("hugo.lambert").name }))).toBeVisible({ timeout: 45_000 });

  await page.clock.setSystemTime(Date.now() + 17 * 3_600_000);
  await page.reload();
  await expect(page.getByRole("button", { name: t("unlock.action"), exact: true }).or(page.getByRole("button", { name: t("unlock.unlock"), exact: true }))).toBeVisible({ timeout: 45_000 });
  await expect(main).toBeHidden();
});
