// Pictures of every screen, to be looked at: both sizes and both themes, into e2e/out/screens.
import type { Page } from "@playwright/test";

import { expect, test } from "./fixtures";
import { visitEscrow, visitWaysBack } from "./more-screens";
import { visitScreens, type Screen } from "./screens";

const LARGE = { width: 1366, height: 768 };
const SMALL = { width: 390, height: 844 };
const PAPER = { width: 794, height: 1123 };
const OUT = "e2e/out/screens";

test.use({ size: { facilities: 8, cases: 24, log: "warn" } });

/** One language for each look: what is too long in one of them shows. */
const looks = [
  ["en", LARGE, "light"],
  ["de", SMALL, "light"],
  ["fr", LARGE, "dark"],
  ["de", SMALL, "dark"],
] as const;

for (const [turn, [language, size, colorScheme]] of looks.entries()) {
  const take = async (page: Page, screen: Screen): Promise<void> => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Paper is A4, whatever the display.
    await page.setViewportSize(screen.startsWith("print: ") ? PAPER : size);
    const name = screen.replaceAll(/[^a-z]+/g, "-");
    await page.screenshot({ path: `${OUT}/${size.width}-${colorScheme}-${language}/${name}.png`, animations: "disabled" });
    await page.setViewportSize(LARGE);
  };
  const title = `${language}, ${size.width} px, ${colorScheme}`;
  test.describe(title, () => {
    test.describe.configure({ timeout: 400_000 });
    test(`pictures: ${title}`, async ({ visit, world }) => {
      expect((await visitScreens(visit, world, language, take)).length).toBeGreaterThan(20);
    });
    test(`pictures of ways back in: ${title}`, async ({ visit, world, faults }) => {
      // Whoever gets a new identity is signed out everywhere at once.
      faults.expect(/40[13] .*\/(api\/(events|session)|v1\/(changes\/watch|sign-in))/);
      expect((await visitWaysBack(visit, world, language, turn, take)).length).toBeGreaterThan(20);
    });
    test(`pictures of a facility without keys: ${title}`, async ({ fresh, visit }) => {
      expect((await visitEscrow(visit, fresh, language, take)).length).toBeGreaterThan(8);
    });
  });
}
