import { test as base, expect, type BrowserContext, type Locator, type Page } from "@playwright/test";

import { locales, textsIn, type Language, type Translate } from "./texts";
import { World, type Role, type Size } from "./world";

export { expect };

export interface Visit {
  /** The beginning of the name with which somebody signs in; without it the page waits for a password. */
  readonly as?: string;
  readonly language?: Language;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Through which everything goes, to be looked at. */
  readonly proxy?: string;
  /** Other servers than those of the file. */
  readonly world?: World;
}

/** Somebody at his own browser. */
export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly language: Language;
  readonly t: Translate;
  /** One of the labels of the rules. */
  readonly label: (labels: Readonly<Record<Language, string>>) => string;
}

/** What no test may cause: errors in the console, refusals of the content security policy, errors that nobody caught. */
export class Faults {
  readonly #found: string[] = [];
  readonly #expected: RegExp[] = [];

  /** This one belongs to what the test does. */
  expect(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  async watch(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => console.error(`refused by policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
    });
    context.on("console", (message) => {
      if (message.type() === "error") this.#found.push(`${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.#found.push(error.error().stack ?? error.error().message));
  }

  get unexpected(): readonly string[] {
    return this.#found.filter((fault) => !this.#expected.some((pattern) => pattern.test(fault)));
  }
}

interface PerTest {
  /** Servers for one test, which changes for good what they hold; named before `visit`, since they end after it. */
  readonly fresh: World;
  readonly faults: Faults;
  readonly visit: (visit?: Visit) => Promise<Person>;
}

interface PerWorker {
  readonly size: Size;
  readonly world: World;
}

/** Tests with servers of their own and people at browsers of their own. */
export const test = base.extend<PerTest, PerWorker>({
  size: [{ facilities: 4, cases: 0, log: "warn" }, { option: true, scope: "worker" }],
  world: [
    async ({ size }, use) => {
      const world = await World.start(size);
      await use(world);
      await world.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  fresh: [
    async ({}, use) => {
      const fresh = await World.start({ facilities: 4, cases: 0, log: "warn" });
      await use(fresh);
      await fresh.stop();
    },
    { timeout: 120_000 },
  ],
  faults: async ({}, use) => {
    const faults = new Faults();
    await use(faults);
    expect(faults.unexpected, "errors in the console").toEqual([]);
  },
  visit: async ({ browser, world, faults }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async ({ as, language = "en", viewport = { width: 1366, height: 768 }, proxy, world: theirs = world } = {}) => {
      const context = await browser.newContext({
        viewport,
        locale: locales[language],
        timezoneId: "Europe/Paris",
        baseURL: theirs.page,
        reducedMotion: "reduce",
        // Chromium leaves this machine's own addresses out unless it is told not to.
        ...(proxy === undefined ? {} : { proxy: { server: proxy, bypass: "<-loopback>" } }),
      });
      contexts.push(context);
      await faults.watch(context);
      const page = await context.newPage();
      const person: Person = { page, context, language, t: textsIn(language), label: (labels) => labels[language] };
      await page.goto("/");
      if (as !== undefined) await signIn(person, theirs.role(as));
      return person;
    });
    for (const context of contexts) await context.close();
  },
});

/** Types name and password, unless this browser keeps the person for the day; waits for the frame of somebody who has signed in. */
export async function signIn({ page, t }: Pick<Person, "page" | "t">, { name, password }: Role): Promise<void> {
  const frame = page.getByRole("navigation", { name: t("nav.main") });
  await expect(frame.or(page.getByRole("textbox", { name: t("unlock.name"), exact: true }))).toBeVisible({ timeout: 45_000 });
  if (await frame.isVisible()) return;
  await page.getByRole("textbox", { name: t("unlock.name"), exact: true }).fill(name);
  await page.getByLabel(t("unlock.password"), { exact: true }).fill(password);
  await page.getByRole("button", { name: t("unlock.action"), exact: true }).click();
  await expect(frame).toBeVisible({ timeout: 45_000 });
}

/** Goes to a screen by the navigation, as somebody does who keeps his keys in the page. */
export async function go({ page, t }: Pick<Person, "page" | "t">, place: "nav.cases" | "nav.inbox" | "nav.directory" | "nav.team" | "nav.account"): Promise<void> {
  await page.getByRole("navigation", { name: t("nav.main") }).getByRole("link", { name: t(place), exact: true }).click();
}

/** The box of a tick or chip: what is drawn is the label, the input lies hidden in it. */
export function box(page: Page, name: string, within: Page | Locator = page): Locator {
  return within.locator("label").filter({ has: page.getByRole("checkbox", { name, exact: true }) });
}

/** What the server has, as this person gets it. */
export async function ask<T>(page: Page, path: string): Promise<T> {
  const { status, body } = await page.evaluate(async (path) => {
    const answer = await fetch(path, { headers: { accept: "application/json" } });
    return { status: answer.status, body: await answer.text() };
  }, path);
  if (status !== 200) throw new Error(`${path} is answered by ${status}: ${body}`);
  return JSON.parse(body) as T;
}
