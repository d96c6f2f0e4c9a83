// For the tests of the examples: the one command that starts an example, and people with browsers of their own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures of the pages are put, if anywhere. */
const PICTURES = process.env.PICTURES;

/** Runs `npm start` in an example, on free ports and with an empty folder for its data. */
export async function startExample(name) {
  const data = await mkdtemp(join(tmpdir(), "wardseal-example-"));
  const running = { data };
  await start(running, name, "0");
  return {
    get address() {
      return running.address;
    },
    data,
    /** Ends everything and starts it again on what it has kept. */
    async restart() {
      await end(running);
      await start(running, name, new URL(running.address).port);
    },
    async stop() {
      await end(running);
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function start(running, name, port) {
  const env = { ...process.env, PORT: port, WARDSEAL_PORT: running.platform ?? "0", DATA: running.data };
  // A group of its own: npm starts a shell, the shell a server, the server another.
  const child = spawn("npm", ["start"], { cwd: fileURLToPath(new URL(`../${name}`, import.meta.url)), env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.child = child;
  // Not before the last of the group, which has the same standard error, has ended.
  running.ended = new Promise((resolve) => child.once("close", resolve));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-4000);
  });
  const lines = createInterface({ input: child.stdout });
  running.address = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const address = /^open (http:\S+)$/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once("exit", () => reject(new Error(`npm start in ${name} ended:\n${said}`)));
  });
  const { keys } = await (await fetch(`${running.address}/config`)).json();
  running.platform = new URL(keys).port;
}

async function end({ child, ended }) {
  if (child.exitCode === null) process.kill(-child.pid, "SIGTERM");
  await ended;
}

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A person with a browser of her own, who logs in by the keyboard. `complaints` is what the page said in its console. */
export async function person(browser, application, name, { width = 1366, height = 768, scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: "en-GB", acceptDownloads: true });
  context.setDefaultTimeout(20_000);
  const complaints = [];
  context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  context.on("weberror", (error) => complaints.push(error.error().stack));
  const page = await context.newPage();
  await page.goto(application.address);
  await page.getByLabel("Name").waitFor();
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  return { context, page, complaints };
}

/** Fails with what axe finds on the page as it stands. */
export async function assertAccessible(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  assert.deepEqual(found.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`)), []);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 0, "the page is wider than its window");
}

/** Takes a picture, where PICTURES names a folder for them. */
export async function picture(page, name) {
  if (PICTURES === undefined) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
