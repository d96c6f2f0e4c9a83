// Pictures of every screen, to be looked at: both sizes and both themes, into e2e/out/screens.
import { expect, test } from "./fixtures";
import { visitScreens } from "./screens";

const LARGE = { width: 1366, height: 768 };
const SMALL = { width: 390, height: 844 };
const OUT = "e2e/out/screens";

test.use({ size: { facilities: 8, cases: 24, log: "warn" } });

/** One language for each look: what is too long in one of them shows. */
for (const [language, size, colorScheme] of [
  ["en", LARGE, "light"],
  ["de", SMALL, "light"],
  ["fr", LARGE, "dark"],
  ["de", SMALL, "dark"],
] as const) {
  test(`pictures: ${language}, ${size.width} px, ${colorScheme}`, async ({ visit, world }) => {
    test.setTimeout(300_000);
    const seen = await visitScreens(visit, world, language, async (page, screen) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(size);
      // What is drawn as somebody sees it, and then all of it.
      const name = screen.replaceAll(/[^a-z]+/g, "-");
      await page.screenshot({ path: `${OUT}/${size.width}-${colorScheme}-${language}/${name}.png`, animations: "disabled" });
      await page.setViewportSize(LARGE);
    });
    expect(seen.length).toBeGreaterThan(20);
  });
}
