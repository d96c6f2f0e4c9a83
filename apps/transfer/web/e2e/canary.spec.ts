// What the servers know: texts planted wherever something can be typed, chosen or filed are found in no database, no blob, no
// log, no mail, and in nothing that goes over the wire.
import { writeFile } from "node:fs/promises";

import { Capture } from "./capture";
import { expect, go, test, type Person } from "./fixtures";
import { fieldOf, fillIn, inDays, place, request, saved, answer, type Value } from "./form";
import { formsOf, search, type Place } from "./search";
import { card, caseOf, confirm, disclose, moveDialog, offer, openCase, part, row, send, stateLabel } from "./steps";
import { coded, rules } from "./texts";

/** Begins everything that is planted, so that one search finds all of it. */
const STEM = "Kanarienvogel7c41";
/** Planted as a date: nobody in the demonstration is that old. */
const BIRTH = "1903-07-19";
/** Codes of the request that servers have no business to know. */
const CODES = ["rehab.geriatric", "hipFracture", "homeServices"];

test.use({ size: { facilities: 4, cases: 0, log: "trace" } });

/** The first digits of a postcode: no room for a canary. */
const DIGITS = ["area", "residenceArea"];
/** Texts that can hold anything. */
const texts = rules.fields.filter(({ kind, id }) => kind === "text" && !DIGITS.includes(id)).map(({ id }) => id);

/** Plants a text in every field that the page asks for now; gives the fields. */
async function plant(person: Person, stage: 1 | 2): Promise<readonly string[]> {
  const planted: string[] = [];
  for (const id of texts) {
    const field = fieldOf(id);
    if (field.stage !== stage || (await place(person.page, id).count()) === 0) continue;
    expect(field.max ?? Number.POSITIVE_INFINITY, `${id} has room for a canary`).toBeGreaterThan(STEM.length + id.length);
    await answer(person, id, `${STEM} ${id}`);
    planted.push(id);
  }
  await saved(person);
  return planted;
}

/** A PDF of one page with a text on it, not compressed. */
function letter(text: string): Buffer {
  const content = `BT /F1 18 Tf 50 700 Td (${text}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
  ];
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, at) => {
    const offset = file.length;
    file += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("")}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}

test("the search finds a text however it is written down", () => {
  const filling = Buffer.from("…".repeat(99));
  for (const [how, form] of formsOf(STEM)) {
    const found = search([{ where: "here", bytes: Buffer.concat([filling, form, filling]) }], [STEM]);
    expect(found.some((line) => line.includes(`(${how})`)), how).toBe(true);
  }
  // In base64 it is found wherever it begins and whatever stands beside it.
  for (const before of ["", "x", "xy", "xyz"]) {
    const bytes = Buffer.from(Buffer.from(`${before}${STEM} and more`).toString("base64"));
    expect(search([{ where: "here", bytes }], [STEM]), before).not.toEqual([]);
  }
  expect(search([{ where: "here", bytes: filling }], [STEM])).toEqual([]);
});

test("nothing that is planted in a case is found at any server, in any mail, or on the wire", async ({ visit, world }, info) => {
  test.setTimeout(240_000);
  const capture = await Capture.start();
  const proxy = capture.url;
  const [claire, jonas, miriam] = await Promise.all([visit({ as: "claire.moreau", proxy }), visit({ as: "jonas.weber", language: "de", proxy }), visit({ as: "miriam.vogel", proxy })]);
  const { page, t } = claire;
  const { password } = world.role("claire.moreau");
  const planted = new Set<string>();
  const remember = (fields: readonly string[]): void => fields.forEach((field) => planted.add(field));

  const id = await test.step("in every text of a case, in notes, in a file and its name", async () => {
    const bundle = info.outputPath(`${STEM}-bundle.json`);
    await writeFile(bundle, JSON.stringify({ resourceType: "Bundle", type: "collection", entry: [{ resource: { resourceType: "Patient", name: [{ family: `${STEM}Import` }], gender: "female", birthDate: BIRTH } }] }));
    const opened = await openCase(claire, bundle);
    const conditional: Record<string, Value> = { legalProtection: "guardian" };
    await fillIn(claire, { ...request, ...conditional });
    remember(await plant(claire, 1));
    await part(claire, "case.part.record");
    await expect(place(page, "birthDate").getByRole("spinbutton").first()).not.toHaveText("dd");
    remember(await plant(claire, 2));
    await part(claire, "case.part.notes");
    await page.getByRole("textbox", { name: t("case.notes") }).fill(`${STEM} notes ${CODES.join(" ")}`);
    await saved(claire);
    await part(claire, "documents.title");
    for (const [name, bytes] of [[`${STEM}-letter.pdf`, letter(`${STEM} in a letter`)], [`${STEM}-note.txt`, Buffer.from(`${STEM} in a note`.repeat(100))]] as const) {
      const file = info.outputPath(name);
      await writeFile(file, bytes);
      await page.locator("input[type=file]").setInputFiles(file);
      await expect(page.getByRole("button", { name: t("documents.open", { name }) })).toBeEnabled();
    }
    return opened;
  });

  await test.step("in the texts that only the other country asks for", async () => {
    await openCase(miriam);
    const { page } = miriam;
    await answer(miriam, "careType", "acute.obstetrics");
    await fillIn(miriam, { legalProtection: "guardian", allergies: "yes" });
    remember(await plant(miriam, 1));
    await part(miriam, "case.part.record");
    remember(await plant(miriam, 2));
    await expect(page.locator(".save-note")).toContainText(miriam.t("case.saved"));
    expect(texts.filter((field) => !planted.has(field))).toEqual([]);
  });

  await test.step("in questions, answers, reasons and conditions", async () => {
    await send(claire, ["Klinik am Park", "Ortenau Krankenhaus"]);
    for (const person of [jonas, miriam]) {
      await go(person, "nav.inbox");
      await row(person, "Hôpital Saint-Roch").click();
      await expect(card(claire, person === jonas ? "Klinik am Park" : "Ortenau Krankenhaus")).toContainText(stateLabel(claire, "viewed"));
    }
    await miriam.page.keyboard.press("f");
    const question = moveDialog(miriam, "info_needed");
    await question.getByRole("textbox").fill(`${STEM} question`);
    await confirm(question, miriam.label(coded([...rules.moves.filter(({ to, side }) => to === "info_needed" && side === "receiver")].map((move) => ({ ...move, code: move.to })), "info_needed").labels));
    await expect(card(claire, "Ortenau Krankenhaus")).toContainText(`${STEM} question`);
    await card(claire, "Ortenau Krankenhaus").getByRole("button", { name: t("case.reply"), exact: true }).click();
    const reply = moveDialog(claire, "in_review", "sender");
    await reply.getByRole("textbox").fill(`${STEM} reply`);
    await reply.getByRole("button").last().click();
    await expect(reply).toBeHidden();
    await expect(miriam.page.getByText(stateLabel(miriam, "in_review")).first()).toBeVisible();

    await miriam.page.keyboard.press("d");
    const decline = moveDialog(miriam, "declined");
    await decline.getByRole("checkbox").first().check({ force: true });
    await decline.getByRole("textbox").fill(`${STEM} remark`);
    await decline.getByRole("button").last().click();
    await expect(decline).toBeHidden();
    await expect(card(claire, "Ortenau Krankenhaus")).toContainText(`${STEM} remark`);

    await jonas.page.keyboard.press("i");
    await expect(card(claire, "Klinik am Park")).toContainText(stateLabel(claire, "interested"));
    await disclose(claire, "Klinik am Park");
    await expect(jonas.page.locator(".patient-name")).toContainText(STEM, { ignoreCase: true });
    await jonas.page.getByRole("button", { name: jonas.t("documents.open", { name: `${STEM}-letter.pdf` }) }).click();
    await expect(jonas.page.getByRole("dialog").getByText(`${STEM} in a letter`)).toBeAttached();
    await jonas.page.keyboard.press("Escape");
    await expect(jonas.page.getByRole("dialog", { name: `${STEM}-letter.pdf` })).toBeHidden();
    await offer(jonas, inDays(3), `${STEM} conditions`);
    await expect(card(claire, "Klinik am Park")).toContainText(`${STEM} conditions`);
    await card(claire, "Klinik am Park").getByRole("button", { name: t("choose.action"), exact: true }).click();
    await page.getByRole("alertdialog", { name: t("choose.title", { facility: "Klinik am Park" }) }).getByRole("button", { name: t("choose.action"), exact: true }).click();
    await expect.poll(async () => (await caseOf(claire, id)).state).toBe("chosen");
    // What is searched in the pages: an address typed by hand is the proof that the wire is looked at.
    await page.evaluate(async () => {
      await fetch("/api/facilities?KontrolleAufDerLeitung");
    });
    await expect.poll(async () => (await world.mails()).length, { timeout: 30_000 }).toBeGreaterThan(3);
  });

  const stored: Place[] = (await world.files()).map(({ path, bytes }) => ({ where: path.slice(world.data.length), bytes }));
  const logs: Place = { where: "the logs", bytes: Buffer.from(world.log) };
  const mails: Place[] = (await world.mails()).map(({ raw, subject, text }) => ({ where: `the mail "${subject}"`, bytes: Buffer.from(`${raw}\n${subject}\n${text}`) }));
  const wire: Place[] = capture.messages.flatMap(({ what, head, body }) => [
    { where: `the head of ${what}`, bytes: Buffer.from(head) },
    { where: `the body of ${what}`, bytes: Buffer.concat(body) },
  ]);

  await test.step("it is searched where the application keeps and sends things", () => {
    // Of the case itself servers know the identifier: where that is found, the canaries would be found.
    expect(search(stored, [id]).some((line) => line.includes("transfer.db"))).toBe(true);
    expect(search(wire, [id])).not.toEqual([]);
    expect(search(wire, ["KontrolleAufDerLeitung"])).not.toEqual([]);
    expect(wire.some(({ where }) => where.startsWith("the body of PATCH"))).toBe(true);
    for (const database of ["keys.db", "vault.db", "transfer.db"]) expect(stored.some(({ where }) => where.endsWith(database))).toBe(true);
    expect(stored.filter(({ where }) => where.includes("/blobs/")).length).toBeGreaterThan(10);
    expect(world.log).toContain("TRACE");
    expect(mails.length).toBeGreaterThan(3);
  });
  await test.step("and found nowhere", () => {
    expect(search([...stored, logs, ...mails, ...wire], [STEM])).toEqual([]);
    // The page's own files hold every code, and days and passwords are short: these are for what is kept, written and mailed.
    expect(search([...stored, logs, ...mails], [BIRTH, password, ...CODES])).toEqual([]);
    const said = wire.filter(({ where }) => !/ \S+\/(assets|pdfjs)\//.test(where) && !where.includes("/api/config"));
    expect(search(said, [BIRTH, password, ...CODES])).toEqual([]);
  });
  for (const { context } of [claire, jonas, miriam]) await context.close();
  await capture.stop();
});
