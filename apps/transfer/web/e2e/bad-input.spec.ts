// What goes wrong: files that are no bundle, connections that break, pages that are loaded again at the wrong moment, two tabs,
// servers that are down. A clear message in the reader's language, nothing half-done, nothing lost.
import { open, writeFile } from "node:fs/promises";

import { scannedPdf } from "../test/pdf.mjs";
import { expect, signIn, test } from "./fixtures";
import { answer, place, saved } from "./form";
import { card, caseOf, choose, completeCase, openCase, part, row } from "./steps";
import { coded, rules } from "./texts";

const PDF = 24 << 20;

// Servers of its own. Several people: whoever types his password often is asked to wait.
test.use({ size: { facilities: 4, cases: 0, log: "warn" } });

test("a file that is no bundle is refused in words, and what was typed stays", async ({ visit }, info) => {
  const sender = await visit({ as: "claire.moreau", language: "fr" });
  const { page, t, label } = sender;
  const patient = { resourceType: "Patient", name: [{ family: "TEST-Martin" }], gender: "male", birthDate: "1950-05-05" };
  const bundle = (...resources: object[]): object => ({ resourceType: "Bundle", type: "collection", entry: resources.map((resource) => ({ resource })) });
  const files: readonly (readonly [name: string, code: string, content: object | string])[] = [
    ["lettre.txt.json", "not_json", "Madame, Monsieur"],
    ["facture.json", "not_fhir", { total: 12 }],
    ["observation.json", "not_a_bundle", { resourceType: "Observation", status: "final" }],
    ["r5.json", "wrong_version", bundle(patient, { resourceType: "NutritionIntake", status: "completed" })],
    ["vide.json", "no_patient", bundle({ resourceType: "Observation", status: "final" })],
    ["deux.json", "several_patients", bundle({ ...patient, id: "a" }, { ...patient, id: "b", birthDate: "1960-01-01" })],
  ];
  await openCase(sender);
  await answer(sender, "careLoad", "heavy");
  await page.getByRole("button", { name: t("import.title"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: t("import.title") });
  const take = async (name: string): Promise<void> => dialog.locator("input[type=file]").setInputFiles(info.outputPath(name));
  for (const [name, code, content] of files) {
    await writeFile(info.outputPath(name), typeof content === "string" ? content : JSON.stringify(content));
    await take(name);
    await expect(dialog.getByRole("alert")).toContainText(label(coded(rules.importRefusals, code).labels));
  }
  const huge = await open(info.outputPath("200 Mo.json"), "w");
  await huge.write('{"resourceType":"Bundle"');
  await huge.truncate(200 * 1024 * 1024);
  await huge.close();
  await take("200 Mo.json");
  await expect(dialog.getByRole("alert")).toContainText(label(coded(rules.importRefusals, "too_large").labels));
  // One that is right is still taken, and says what it brought.
  await writeFile(info.outputPath("bon.json"), JSON.stringify(bundle(patient)));
  await take("bon.json");
  await expect(dialog).toBeHidden();
  await expect(place(page, "careLoad").locator('input[value="heavy"]')).toBeChecked();
  await part(sender, "case.part.record");
  await expect(place(page, "familyName").getByRole("textbox")).toHaveValue("TEST-Martin");
});

test("a letter whose sending breaks off half-way is sent on from where it was", async ({ visit, world, faults }, info) => {
  faults.expect(/ERR_|Failed to (load resource|fetch)/);
  const sender = await visit({ as: "hugo.lambert", language: "de" });
  const { page, t } = sender;
  const id = await openCase(sender);
  await part(sender, "documents.title");
  const letter = info.outputPath("Befund.pdf");
  await writeFile(letter, scannedPdf(PDF, 4, "TEST Befund"));
  // The server dies while a part is on its way that is not the first.
  const offsets: number[] = [];
  let broken = false;
  await page.route("**/api/blobs/*", async (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    const offset = Number(route.request().headers()["upload-offset"]);
    if (offset > 0 && !broken) {
      broken = true;
      await world.breakDown("transfer");
    }
    offsets.push(offset);
    await route.continue();
  });
  await page.locator("input[type=file]").setInputFiles(letter);
  await expect(page.getByText(t("documents.waiting", { name: "Befund.pdf" }))).toBeVisible({ timeout: 30_000 });
  expect(broken).toBe(true);
  await expect(page.getByText(t("connection.lost"))).toBeVisible();
  const before = offsets.length;
  await world.comeBack("transfer");
  await expect(page.getByRole("button", { name: t("documents.open", { name: "Befund.pdf" }) })).toBeEnabled({ timeout: 60_000 });
  // Nothing was sent twice that had arrived.
  expect(offsets.slice(before).every((offset) => offset >= (offsets[before - 1] ?? 0))).toBe(true);
  const { documents } = await caseOf(sender, id);
  expect(documents.map(({ complete, size }) => complete && size > PDF)).toEqual([true]);
  await expect(page.getByText(t("connection.lost"))).toBeHidden({ timeout: 45_000 });
});

for (const [when, arrives] of [
  ["before it reaches the server", false],
  ["after the server has done it, and before it is told", true],
] as const) {
  test(`a page that is loaded again in the middle of a send, ${when}: it arrives, once`, async ({ visit, world, faults }) => {
    faults.expect(/ERR_|Failed to (load resource|fetch)/);
    const [sender, miriam] = await Promise.all([visit({ as: "nadia.benali" }), visit({ as: "miriam.vogel" })]);
    const { page, t } = sender;
    const id = await completeCase(sender);
    let asked = 0;
    let reached = (): void => undefined;
    const reloading = new Promise<void>((resolve) => (reached = resolve));
    await page.route("**/api/cases/*/send", async (route) => {
      asked++;
      if (asked > 1) return route.continue();
      if (arrives) await route.fetch();
      reached();
      await route.abort("connectionreset").catch(() => undefined);
    });
    const button = await choose(sender, ["Klinik am Park", "Ortenau Krankenhaus"]);
    await button.click();
    await reloading;
    page.on("dialog", (dialog) => void dialog.accept());
    await page.reload();
    await signIn(sender, world.role("nadia.benali"));
    await expect.poll(async () => (await caseOf(sender, id)).requests.length, { timeout: 45_000 }).toBe(2);
    await page.getByRole("navigation", { name: t("nav.main") }).getByRole("link", { name: t("nav.cases"), exact: true }).click();
    await page.getByRole("link").filter({ has: page.locator(`[href="/cases/${id}"]`) }).or(page.locator(`a[href="/cases/${id}"]`)).first().click();
    for (const facility of ["Klinik am Park", "Ortenau Krankenhaus"]) await expect(card(sender, facility)).toHaveCount(1);
    await expect(page.getByText(t("job.waiting"))).toHaveCount(0);
    const { requests } = await caseOf(sender, id);
    expect(requests.length).toBe(2);
    await miriam.page.getByRole("navigation", { name: miriam.t("nav.main") }).getByRole("link", { name: miriam.t("nav.inbox"), exact: true }).click();
    await expect(row(miriam, "Hôpital Saint-Roch").and(miriam.page.locator(requests.map((each) => `[href="/inbox/${each.id}"]`).join(",")))).toHaveCount(1);
  });
}

test("two tabs of one case: what is typed in both stays", async ({ visit, world, faults }) => {
  // Whoever saves second is refused, and saves again on top of the other's version.
  faults.expect(/409 .*\/update\)$/);
  const sender = await visit({ as: "hugo.lambert", language: "fr" });
  const id = await openCase(sender);
  const second = { ...sender, page: await sender.context.newPage() };
  await second.page.goto(`/cases/${id}`);
  await signIn(second, world.role("hugo.lambert"));
  await expect(second.page.getByRole("tab", { name: second.t("case.part.request") })).toBeVisible();
  await part(sender, "case.part.record");
  await part(second, "case.part.record");
  await answer(sender, "familyName", "TEST-Premier");
  await answer(second, "firstNames", "TEST-Second");
  await Promise.all([saved(sender), saved(second)]);
  for (const { page } of [sender, second]) {
    await expect(place(page, "familyName").getByRole("textbox")).toHaveValue("TEST-Premier");
    await expect(place(page, "firstNames").getByRole("textbox")).toHaveValue("TEST-Second");
  }
});

test("a server that is down: it is said, nothing is lost, and it goes on by itself", async ({ visit, world, faults }) => {
  faults.expect(/ERR_|Failed to (load resource|fetch)/);
  const sender = await visit({ as: "claire.moreau", language: "de" });
  const { page, t } = sender;
  const id = await completeCase(sender);
  await world.breakDown("transfer");
  await answer(sender, "ward", "TEST Station 7");
  await expect(page.getByRole("button", { name: t("case.saveFailed") })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(t("error.unreachable")).first()).toBeVisible();
  await expect(page.getByText(t("connection.lost"))).toBeVisible({ timeout: 30_000 });
  await expect(place(page, "ward").getByRole("textbox")).toHaveValue("TEST Station 7");
  await world.comeBack("transfer");
  await saved(sender);
  await expect(page.getByText(t("connection.lost"))).toBeHidden({ timeout: 45_000 });

  // Asking facilities while the server is down waits, says so, and arrives when it is back.
  const button = await choose(sender, ["Klinik am Park"]);
  await world.breakDown("transfer");
  await button.click();
  await expect(page.getByText(t("job.waiting"))).toBeVisible({ timeout: 30_000 });
  await world.comeBack("transfer");
  await expect.poll(async () => (await caseOf(sender, id).catch(() => ({ requests: [] }))).requests.length, { timeout: 60_000 }).toBe(1);
});

test("signing in while a server is down says which, and works once it is back", async ({ visit, world, faults }) => {
  faults.expect(/ERR_|Failed to (load resource|fetch)/);
  const sender = await visit({ language: "fr" });
  const { page, t } = sender;
  await expect(page.getByRole("button", { name: t("unlock.action"), exact: true })).toBeVisible();
  await world.breakDown("keys");
  const { name, password } = world.role("claire.moreau");
  await page.getByRole("textbox", { name: t("unlock.name"), exact: true }).fill(name);
  await page.getByLabel(t("unlock.password"), { exact: true }).fill(password);
  await page.getByRole("button", { name: t("unlock.action"), exact: true }).click();
  await expect(page.getByText(t("error.keysUnreachable"))).toBeVisible({ timeout: 45_000 });
  await world.comeBack("keys");
  await page.getByRole("button", { name: t("unlock.action"), exact: true }).click();
  await expect(page.getByRole("navigation", { name: t("nav.main") })).toBeVisible({ timeout: 45_000 });
});

