// Signing in and out, tabs, and documents, as people do it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { scannedPdf } from "../pdf.mjs";
import { PASSWORD, startTransfer } from "../servers.mjs";
import { assertAccessible, openPage, openProfile, signedIn, signIn, startBrowser } from "./browser.mjs";

const web = process.env.TRANSFER_WEB ?? fileURLToPath(new URL("../../dist", import.meta.url));
let servers;
let browser;

before(async () => {
  [servers, browser] = await Promise.all([startTransfer({ web }), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await servers?.stop();
});

test("a password opens the keys in the page, and nothing of it leaves", async () => {
  const { context, sent, refused, broken } = await openProfile(browser);
  const page = await openPage(context, servers.transfer);
  await signIn(page, "claire.martin", { password: "not the right one at all" });
  await page.getByRole("alert").getByText("Name or password is not right.").waitFor();
  await signIn(page, "claire.martin");
  await signedIn(page);
  await page.getByText("Hôpital Saint-Roch").first().waitFor();

  const said = sent.join("\n");
  for (const password of [PASSWORD, "not the right one at all"]) {
    for (const form of [password, encodeURIComponent(password), Buffer.from(password).toString("base64").slice(0, -4), Buffer.from(password).toString("hex")]) assert.ok(!said.includes(form));
  }
  const [cookie] = (await context.cookies(servers.transfer)).filter(({ httpOnly }) => httpOnly);
  assert.deepEqual([cookie.sameSite, cookie.secure], ["Strict", true]);
  // On a machine that is not her own she stays for the day, until she locks it: then nothing is kept.
  await page.reload();
  await signedIn(page);
  await page.getByRole("button", { name: /^Account: / }).click();
  await page.getByRole("menuitem", { name: "Lock" }).click();
  await page.getByRole("heading", { name: "Locked" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.deepEqual([refused, broken], [[], []]);
  await context.close();
});

test("one's own computer opens without a password; locking and signing out hold for all tabs", async () => {
  const { context } = await openProfile(browser);
  const one = await openPage(context, servers.transfer);
  await signIn(one, "paul.weber", { own: true });
  await signedIn(one);
  await one.reload();
  await signedIn(one);
  const two = await openPage(context, servers.transfer, "/account");
  await signedIn(two);

  const menu = async (page, item) => {
    // Browsers slow down what nobody looks at.
    await page.bringToFront();
    await page.getByRole("button", { name: /^Account: / }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await menu(one, "Lock");
  for (const page of [one, two]) await page.getByRole("heading", { name: "Locked" }).waitFor();
  await two.bringToFront();
  await two.reload();
  await two.getByRole("heading", { name: "Locked" }).waitFor();
  await signIn(two, "paul.weber");
  for (const page of [one, two]) await signedIn(page);
  // Where they were.
  assert.equal(new URL(two.url()).pathname, "/account");

  await menu(one, "Sign out");
  await one.getByRole("alertdialog").getByRole("button", { name: "Sign out" }).click();
  for (const page of [one, two]) await page.getByText("You have signed out.").waitFor();
  await one.reload();
  await one.getByRole("button", { name: "Sign in" }).waitFor();
  await context.close();
});

test("somebody who was invited makes an account, and is in once a colleague has added him", async () => {
  const { context } = await openProfile(browser);
  const page = await openPage(context, servers.transfer, `/#invitation=${servers.invitation}&name=new.colleague`);
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  const make = page.getByRole("button", { name: "Create account" });
  const passwords = async (password, again = password) => {
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Password again", { exact: true }).fill(again);
    await make.click();
  };
  await passwords("regen gabel wolke", "regen gabel wolk");
  await page.getByText("The two passwords differ.").waitFor();
  // The name in a password is refused; the keys that were made stay, and the invitation is not asked for twice.
  await passwords("new.colleague 2026");
  await page.getByRole("alert").getByText("The password contains your name.").waitFor();
  await passwords(PASSWORD);
  await page.getByRole("heading", { name: "You are not in a facility yet" }).waitFor({ timeout: 30_000 });
  // The invitation does not stay in the address.
  await page.waitForURL(({ hash }) => hash === "");

  await servers.addColleague("new.colleague");
  await signedIn(page);
  await context.close();
});

test("a document of 40 MB arrives although the server dies and the page is closed, and is shown page by page", async () => {
  const { context, refused, broken } = await openProfile(browser);
  const page = await openPage(context, servers.transfer, "/cases");
  await signIn(page, "anna.schmidt", { own: true });
  await signedIn(page);
  await page.getByRole("button", { name: "New case" }).first().click();
  await page.getByRole("dialog").getByRole("button", { name: /What is sought/ }).click();
  await page.getByRole("option", { name: "Geriatric rehabilitation", exact: true }).click();
  await page.getByRole("dialog").getByText("Planned", { exact: true }).click();
  await page.getByRole("button", { name: "Open case" }).click();
  await page.getByRole("tab", { name: /Documents/ }).click();

  // The server dies with the second part.
  let parts = 0;
  const arrived = [];
  context.on("response", (response) => response.request().method() === "PATCH" && response.status() === 204 && arrived.push(response.request().headers()["upload-offset"]));
  await context.route("**/api/blobs/*", async (route) => {
    if (route.request().method() === "PATCH" && ++parts === 2) await servers.breakDown();
    await route.continue();
  });
  const upload = page.locator("input[type=file]").last();
  await upload.setInputFiles({ name: "Arztbrief TEST.pdf", mimeType: "application/pdf", buffer: scannedPdf(40 << 20) });
  await page.getByText("Waiting for the connection: Arztbrief TEST.pdf").waitFor();
  await page.getByText("Connection lost").waitFor();
  const { pathname } = new URL(page.url());
  await page.close();
  await servers.comeBack();
  const later = await openPage(context, servers.transfer, pathname);
  await signedIn(later);
  await later.getByRole("tab", { name: /Documents/ }).click();
  const open = later.getByRole("button", { name: "Open Arztbrief TEST.pdf" });
  await open.waitFor({ timeout: 30_000 });
  // What had arrived was not sent again.
  assert.ok(arrived.length >= 10);
  assert.equal(new Set(arrived).size, arrived.length);

  await open.click();
  await later.getByRole("img", { name: "Page 1 of 8" }).waitFor({ timeout: 30_000 });
  await later.getByText("TEST Arztbrief, 1 / 8").waitFor({ state: "attached" });
  await later.getByRole("button", { name: "Next page" }).click();
  await later.getByText("TEST Arztbrief, 2 / 8").waitFor({ state: "attached" });
  await assertAccessible(later, "the viewer");

  const saving = later.waitForEvent("download");
  await later.getByRole("dialog").getByRole("button", { name: "Save Arztbrief TEST.pdf" }).click();
  assert.equal((await saving).suggestedFilename(), "Arztbrief TEST.pdf");
  assert.deepEqual([refused, broken], [[], []]);
  await context.close();
});

test("what is not a document is refused in words", async () => {
  const { context } = await openProfile(browser);
  const page = await openPage(context, servers.transfer, "/cases");
  await signIn(page, "anna.schmidt");
  await signedIn(page);
  await page.locator("main a[href^='/cases/']").first().click();
  await page.getByRole("tab", { name: /Documents/ }).click();
  await page.locator("input[type=file]").last().setInputFiles([
    { name: "run.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("MZ") },
    { name: "empty.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(0) },
  ]);
  await page.getByText("run.exe is not of a kind that can be added").waitFor();
  await page.getByText("empty.pdf is empty.").waitFor();
  // It calls itself a PDF: the viewer says that it is none.
  await page.locator("input[type=file]").last().setInputFiles({ name: "broken.pdf", mimeType: "application/pdf", buffer: Buffer.from("not a PDF") });
  await page.getByRole("button", { name: "Open broken.pdf" }).click({ timeout: 30_000 });
  await page.getByText("This PDF is damaged and cannot be shown.").waitFor();
  await context.close();
});

for (const language of ["en", "fr", "de"]) {
  test(`the first screens are accessible, light and dark, large and small, in ${language}`, async () => {
    for (const [scheme, width, height] of [["light", 1366, 768], ["dark", 390, 844]]) {
      const { context, refused } = await openProfile(browser, { scheme, width, height, language });
      const page = await openPage(context, servers.transfer);
      await page.locator("form").waitFor();
      await assertAccessible(page, `sign in, ${scheme}, ${language}`);
      await page.locator("form button[type=submit]").click();
      await assertAccessible(page, `sign in with problems, ${scheme}, ${language}`);
      await page.goto(`${servers.transfer}/#invitation=x`);
      await page.locator("form").waitFor();
      await assertAccessible(page, `sign up, ${scheme}, ${language}`);
      await page.goto(`${servers.transfer}/account#`);
      await page.reload();
      await page.locator("input[name=username]").fill("lucie.bernard");
      await page.locator("input[name=current-password]").fill(PASSWORD);
      await page.locator("form button[type=submit]").click();
      await signedIn(page);
      await page.locator(".way").first().waitFor();
      await assertAccessible(page, `account, ${scheme}, ${language}`);
      await page.locator(".rail-person").click();
      await page.getByRole("menu").waitFor();
      await assertAccessible(page, `menu, ${scheme}, ${language}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing is wider than the screen");
      assert.deepEqual(refused, []);
      await context.close();
    }
  });
}

test("a server that is away is said, in words, with a way on", async () => {
  const { context } = await openProfile(browser);
  try {
    const page = await context.newPage();
    await page.route("**/*", async (route) => {
      const url = new URL(route.request().url());
      return url.pathname.startsWith("/api/") ? route.abort() : route.continue();
    });
    await page.goto(servers.transfer);
    await page.getByRole("alert").getByText("The server cannot be reached.").waitFor();
    await page.unroute("**/*");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  } finally {
    await context.close();
  }
});
