// The built page in Chromium, against the real servers.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

import { PASSWORD } from "../servers.mjs";

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A browser profile. `sent` collects what its pages send, `refused` what the content security policy refused. */
export async function openProfile(browser, { width = 1366, height = 768, scheme = "light", language = "en" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: language, acceptDownloads: true });
  context.setDefaultTimeout(15_000);
  const [sent, refused, broken] = [[], [], []];
  context.on("request", (request) => sent.push(`${request.method()} ${request.url()}\n${request.postData() ?? ""}`));
  context.on("console", (message) => message.text().includes("Content Security Policy") && refused.push(message.text()));
  context.on("weberror", (error) => broken.push(error.error().stack));
  return { context, sent, refused, broken };
}

/** Opens the page and waits until it asks for a password. */
export async function openPage(context, address, path = "/") {
  const page = await context.newPage();
  await page.goto(address + path);
  return page;
}

/** Signs in on the unlock screen. */
export async function signIn(page, name, { password = PASSWORD, own = false } = {}) {
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  if (own) await page.getByRole("checkbox", { name: /own computer/ }).check({ force: true });
  await page.getByRole("button", { name: /^(Sign in|Unlock)$/ }).click();
}

/** Waits for the frame of somebody who has signed in. */
export function signedIn(page) {
  return page.getByRole("navigation").waitFor({ timeout: 30_000 });
}

/** Fails with what axe finds on the page as it stands. */
export async function assertAccessible(page, where) {
  await page.evaluate(axeSource);
  // React Aria's announcer names what it has announced for some seconds, also when that is gone.
  const found = await page.evaluate(() => globalThis.axe.run({ exclude: ["[data-live-announcer]"] }, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  const said = found.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${where}: ${id}: ${html}\n${failureSummary}`));
  assert.deepEqual(said, []);
}
