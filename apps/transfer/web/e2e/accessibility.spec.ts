// Every screen in every language, light and dark, on a large and on a small display: nothing that axe finds against WCAG 2.2 AA,
// nothing to scroll sideways, and nothing in the console.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";
import { visitEscrow, visitWaysBack } from "./more-screens";
import { visitScreens, type Screen } from "./screens";
import { languages } from "./texts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LARGE = { width: 1366, height: 768 };
const SMALL = { width: 390, height: 844 };
/** Both sizes and both themes; with WARDSEAL_TEST_FULL each with each. */
const looks = [
  { size: LARGE, colorScheme: "light" },
  { size: SMALL, colorScheme: "dark" },
  ...(process.env["WARDSEAL_TEST_FULL"] === undefined ? [] : ([{ size: LARGE, colorScheme: "dark" }, { size: SMALL, colorScheme: "light" }] as const)),
] as const;

test.use({ size: { facilities: 8, cases: 24, log: "warn" } });

interface Found {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[] }[];
}

async function check(page: Page, screen: Screen): Promise<readonly string[]> {
  const found: string[] = [];
  // Nobody uses paper with a screen reader, or scrolls it.
  if (screen.startsWith("print: ")) return found;
  for (const { size, colorScheme } of looks) {
    const where = `${screen}, ${size.width} px, ${colorScheme}`;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(where: object, how: object): Promise<Found> } }).axe.run(
        // Where the component library tells screen readers of what has just happened, for seconds, by reference to what may be gone.
        { exclude: ["[data-live-announcer]"] },
        { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] },
      ),
    );
    found.push(...violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${where}: ${id}: ${html.slice(0, 200)} ${failureSummary ?? ""}`)));
  }
  for (const width of [390, 320]) {
    await page.setViewportSize({ width, height: 844 });
    // What hangs at something else, such as a menu, finds its new place a moment later.
    await page.waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth, undefined, { timeout: 3_000 }).catch(() => undefined);
    const wide = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      return [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > clientWidth + 1).slice(0, 3).map((element) => element.outerHTML.slice(0, 120));
    });
    found.push(...wide.map((element) => `${screen}: wider than ${width} px: ${element}`));
  }
  await page.setViewportSize(LARGE);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  return found;
}

for (const [turn, language] of languages.entries()) {
  test.describe(language, () => {
    test.describe.configure({ timeout: 400_000 });
    test(`everybody can use every screen (${language})`, async ({ visit, world }) => {
      const found: string[] = [];
      const seen = await visitScreens(visit, world, language, async (page, screen) => void found.push(...(await check(page, screen))));
      expect(found).toEqual([]);
      expect(seen.length).toBeGreaterThan(20);
    });
    test(`everybody can get back in (${language})`, async ({ visit, world, faults }) => {
      // Whoever gets a new identity is signed out everywhere at once.
      faults.expect(/40[13] .*\/(api\/(events|session)|v1\/(changes\/watch|sign-in))/);
      const found: string[] = [];
      const seen = await visitWaysBack(visit, world, language, turn, async (page, screen) => void found.push(...(await check(page, screen))));
      expect(found).toEqual([]);
      expect(seen.length).toBeGreaterThan(20);
    });
    test(`everybody can ask a facility without keys, and register one (${language})`, async ({ fresh, visit }) => {
      const found: string[] = [];
      const seen = await visitEscrow(visit, fresh, language, async (page, screen) => void found.push(...(await check(page, screen))));
      expect(found).toEqual([]);
      expect(seen.length).toBeGreaterThan(8);
    });
  });
}
