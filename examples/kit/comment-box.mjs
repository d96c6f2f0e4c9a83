// The story of the comment box: people in browsers of their own, over the real servers. examples/react tells the same.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { assertAccessible, person, picture, startBrowser, startExample } from "./testing.mjs";

const PHONE = { width: 390, height: 844 };

const list = (page) => page.getByRole("list", { name: "Comments" });
const outside = (page) => page.getByRole("heading", { name: "You are not on the list" });

async function write(page, text) {
  await page.getByLabel("Your comment").fill(text);
  await page.keyboard.press("Control+Enter");
  await list(page).getByText(text).waitFor();
}

async function letIn(page, name) {
  await page.getByLabel("Let somebody in").fill(name);
  await page.keyboard.press("Enter");
}

/** Chromium itself writes down answers with the status of an error, and connections that end with a server. */
const expected = (line) => /Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE/.test(line);

async function everythingIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const contents = await Promise.all(files.map((entry) => readFile(join(entry.parentPath ?? entry.path, entry.name), "latin1")));
  assert.ok(contents.length > 4, "the folder has databases");
  return contents.join("\n");
}

/** Declares the tests of a comment box. */
export function commentBox(example) {
  let application;
  let browser;

  before(async () => {
    application = await startExample(example);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await application?.stop();
  });

  test("whoever is on the list reads and writes; the server knows nothing; whoever is removed reads nothing new", async () => {
    const anna = await person(browser, application, "anna");
    await anna.page.getByText("Nobody has written anything yet.").waitFor();
    await picture(anna.page, `${example}-empty`);
    await write(anna.page, "The roof has to wait until May.");

    const ben = await person(browser, application, "ben", { ...PHONE, scheme: "dark" });
    await outside(ben.page).waitFor();
    await assertAccessible(ben.page);
    await picture(ben.page, `${example}-outside-phone`);

    // A name that nobody has is answered by a sentence.
    await letIn(anna.page, "nobody");
    await anna.page.getByRole("alert").filter({ hasText: "Nobody has logged in by this name yet." }).waitFor();
    await picture(anna.page, `${example}-error`);
    await letIn(anna.page, "ben");
    await list(ben.page).getByText("until May").waitFor();
    assert.equal(await ben.page.getByRole("button", { name: /Remove/ }).count(), 0, "only who manages the list removes");
    await write(ben.page, "Then I order the beams in March.\nThey take six weeks.");
    await list(anna.page).getByText("six weeks").waitFor();
    const second = list(anna.page).getByRole("listitem").nth(1);
    assert.match(await second.textContent(), /^ben/, "the author's name");
    for (const { page } of [anna, ben]) await assertAccessible(page);
    await picture(anna.page, `${example}`);
    await picture(ben.page, `${example}-phone`);

    // Whatever the server adds is no comment.
    const headers = { authorization: "Name anna" };
    await fetch(`${application.address}/comments`, { method: "POST", headers, body: "The roof can stay as it is." });
    for (const { page } of [anna, ben]) await page.getByText("1 more cannot be opened").waitFor();
    assert.equal(await list(ben.page).getByText("as it is").count(), 0);

    // What lies in the application's folder and in the platform's databases has none of it.
    assert.doesNotMatch(await everythingIn(application.data), /until May|six weeks/);

    // Keys and comments outlive the servers and the page.
    await application.restart();
    await ben.page.reload();
    await list(ben.page).getByText("until May").waitFor();

    await anna.page.reload();
    await anna.page.getByRole("button", { name: "Remove ben" }).click();
    await outside(ben.page).waitFor();
    await write(anna.page, "Without Ben: what does he charge?");
    await ben.page.reload();
    await outside(ben.page).waitFor();
    assert.equal(await ben.page.getByText("what does he charge").count(), 0);
    for (const { complaints } of [anna, ben]) assert.deepEqual(complaints.filter((line) => !expected(line)), []);
  });

  test("a name that somebody else has is refused by a sentence", async () => {
    await (await person(browser, application, "carla")).page.getByRole("heading", { level: 2 }).first().waitFor();
    const { page } = await person(browser, application, "carla");
    await page.getByRole("alert").filter({ hasText: "This name is somebody's in another browser." }).waitFor();
    await assertAccessible(page);
    await picture(page, `${example}-taken`);
  });
}
