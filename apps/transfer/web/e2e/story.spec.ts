// The story of the application, in three browsers: a hospital asks two facilities, one of them gets the record, offers a
// place and is chosen, and the other can open nothing any more.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { existsSync, readdirSync } from "node:fs";

import { scannedPdf } from "../test/pdf.mjs";
import { ask, expect, go, test, type Person } from "./fixtures";
import { fillIn, inDays, record, request } from "./form";
import { card, caseOf, disclose, offer, openCase, part, row, send, stateLabel, type RequestRecord } from "./steps";

const SAMPLES = process.env["FHIR_R4_SAMPLES"];
const OWN = fileURLToPath(new URL("../../rules/tests/fixtures/fr.json", import.meta.url));

// Servers of its own: whoever types his password often is asked to wait.
test.use({ size: { facilities: 4, cases: 0, log: "warn" } });

/** A bundle as hospitals have them: one of a folder of samples where there is one, else our own small one. */
function bundle(): string {
  const [sample] = SAMPLES === undefined || !existsSync(SAMPLES) ? [] : readdirSync(SAMPLES).filter((name) => name.startsWith("Juliette") && name.endsWith(".json"));
  if (SAMPLES !== undefined && sample !== undefined) return join(SAMPLES, sample);
  console.warn("SKIPPED: FHIR_R4_SAMPLES names no folder of R4 bundles; a small bundle is imported instead");
  return OWN;
}

/** What the answers of this person's request look like to the server: nothing, when they may not be read. */
async function readable({ page }: Person, blobs: readonly string[]): Promise<number> {
  return page.evaluate(async (ids) => {
    const answer = await fetch("/api/blobs/fetch", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ids }) });
    return answer.ok ? Object.keys(((await answer.json()) as { blobs: object }).blobs).length : 0;
  }, blobs);
}

test("a hospital finds a place for a patient, and only the facility that takes her learns who she is", async ({ visit, world }, info) => {
  test.setTimeout(240_000);
  const letter = info.outputPath("TEST Arztbrief.pdf");
  await writeFile(letter, scannedPdf(40 << 20, 8, "TEST Arztbrief"));
  const [claire, jonas, miriam] = await Promise.all([visit({ as: "claire.moreau", language: "fr" }), visit({ as: "jonas.weber", language: "de" }), visit({ as: "miriam.vogel", language: "en" })]);
  const { page, t } = claire;

  const id = await test.step("she opens a case and prefills it from a bundle", async () => {
    const opened = await openCase(claire, bundle());
    // What the bundle knows stands there: who it is, for example.
    await part(claire, "case.part.record");
    await expect(page.locator('[name="familyName"]')).not.toHaveValue("");
    return opened;
  });

  await test.step("she completes the request and the record", async () => {
    await part(claire, "case.part.request");
    await fillIn(claire, request);
    await part(claire, "case.part.record");
    await fillIn(claire, record);
  });

  await test.step("both facilities see the request arrive without loading their page again", async () => {
    for (const person of [jonas, miriam]) await go(person, "nav.inbox");
    await expect(jonas.page.getByText(jonas.t("inbox.none"))).toBeVisible();
    await send(claire, ["Klinik am Park", "Ortenau Krankenhaus"]);
    for (const person of [jonas, miriam]) await expect(row(person, "Hôpital Saint-Roch")).toBeVisible();
  });

  await test.step("one opens it and answers with one key", async () => {
    await row(miriam, "Hôpital Saint-Roch").click();
    await row(jonas, "Hôpital Saint-Roch").click();
    await expect(card(claire, "Klinik am Park")).toContainText(stateLabel(claire, "viewed"));
    await expect(jonas.page.getByRole("article")).toBeVisible();
    // It is decided on without a name.
    await expect(jonas.page.locator("main")).not.toContainText(/delaunay/i);
    await jonas.page.keyboard.press("i");
    await expect(card(claire, "Klinik am Park")).toContainText(stateLabel(claire, "interested"));
  });

  await test.step("a scanned letter of 40 MB is sealed and sent, and its progress is shown", async () => {
    await part(claire, "documents.title");
    await page.locator("input[type=file]").setInputFiles(letter);
    const progress = page.getByRole("progressbar");
    await expect(progress.first()).toBeVisible();
    await expect(page.getByRole("button", { name: t("documents.open", { name: "TEST Arztbrief.pdf" }) })).toBeEnabled({ timeout: 60_000 });
    await expect.poll(async () => (await caseOf(claire, id)).documents.length).toBe(1);
  });

  await test.step("she opens the full record to that facility alone", async () => {
    await disclose(claire, "Klinik am Park");
    await expect(jonas.page.locator(".patient-name")).toContainText(/delaunay/i);
    await expect(jonas.page.locator("main")).toContainText("TEST fracture du col");
    await expect(miriam.page.locator("main")).not.toContainText(/delaunay/i);
  });

  await test.step("who reads the letter there, page by page", async () => {
    await jonas.page.getByRole("button", { name: jonas.t("documents.open", { name: "TEST Arztbrief.pdf" }) }).click();
    const viewer = jonas.page.getByRole("dialog", { name: "TEST Arztbrief.pdf" });
    await expect(viewer.getByText("TEST Arztbrief, 1 / 8")).toBeAttached({ timeout: 30_000 });
    await expect(viewer.getByText(jonas.t("documents.page", { n: 1, pages: 8 })).first()).toBeVisible();
    await viewer.getByRole("button", { name: jonas.t("documents.next") }).click();
    await expect(viewer.getByText("TEST Arztbrief, 2 / 8")).toBeAttached();
    await jonas.page.keyboard.press("Escape");
    await expect(viewer).toBeHidden();
  });

  await test.step("the facility offers a day, and she chooses it", async () => {
    await offer(jonas, inDays(2), "TEST Station 3, ab 10 Uhr");
    await expect(card(claire, "Klinik am Park")).toContainText("TEST Station 3, ab 10 Uhr");
    // The end of the others' access is held up for a while, to be seen.
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.route("**/api/revocations/*/done", async (route) => {
      await held;
      await route.continue();
    });
    await card(claire, "Klinik am Park").getByRole("button", { name: t("choose.action"), exact: true }).click();
    const dialog = page.getByRole("alertdialog", { name: t("choose.title", { facility: "Klinik am Park" }) });
    await expect(dialog).toContainText("Ortenau Krankenhaus");
    await dialog.getByRole("button", { name: t("choose.action"), exact: true }).click();
    await expect(dialog).toBeHidden();
    await expect(card(claire, "Ortenau Krankenhaus")).toContainText(t("case.accessEnding"));
    const { requests } = await caseOf(claire, id);
    expect(requests.map(({ state }) => state).toSorted()).toEqual(["chosen", "not_selected"]);
    letGo();
    await expect(card(claire, "Ortenau Krankenhaus")).toContainText(t("case.accessEnded"));
    await expect.poll(async () => (await caseOf(claire, id)).revocations.every(({ done }) => done !== null)).toBe(true);
  });

  await test.step("the one that was released can open nothing any more", async () => {
    await expect(miriam.page.getByText(miriam.t("request.closed"))).toBeVisible();
    const { requests } = await caseOf(claire, id);
    const ownOf = async (person: Person): Promise<RequestRecord> => {
      const path = new URL(person.page.url()).pathname;
      return ask<RequestRecord>(person.page, `/api/requests/${path.split("/").at(-1)}`);
    };
    const released = await ownOf(miriam);
    expect(released.state).toBe("not_selected");
    expect(await readable(miriam, [released.sealed])).toBe(0);
    // The record of the other was never hers.
    const other = requests.find(({ state }) => state === "chosen");
    expect(await readable(miriam, [other?.sealed ?? "", other?.disclosure?.sealed ?? ""])).toBe(0);
    // Whoever was chosen still reads.
    const chosen = await ownOf(jonas);
    expect(await readable(jonas, [chosen.sealed, chosen.disclosure?.sealed ?? ""])).toBe(2);
  });

  await test.step("mails say that something happened, and nothing of what", async () => {
    const received = async (): Promise<readonly string[]> => (await world.mails()).flatMap(({ to }) => to);
    await expect.poll(received, { timeout: 30_000 }).toEqual(expect.arrayContaining(["transfers@klinik-am-park.example", "transfers@ortenau.example", "transfers@saint-roch.example"]));
    const said = (await world.mails()).map(({ raw, subject, text }) => `${raw}\n${subject}\n${text}`).join("\n").toLowerCase();
    for (const word of ["Delaunay", "Marguerite", "TEST", "1941", "paracétamol", "Arztbrief", id]) expect(said).not.toContain(word.toLowerCase());
  });
});
