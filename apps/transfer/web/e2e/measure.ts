// How long people wait: printed as a table, and no check. `npm run measure`.
import { fillIn, request } from "./form";
import { expect, signIn, test, go } from "./fixtures";
import { choose, openCase, row } from "./steps";

const UNLOCKS = 20;

test.use({ size: { facilities: 30, cases: 0, log: "warn" } });

const rows: (readonly [what: string, value: string])[] = [];
const ms = (value: number): string => `${Math.round(value)} ms`;
const sorted = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]): number => sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;

test.afterAll(() => {
  const wide = Math.max(...rows.map(([what]) => what.length));
  console.log(`\n${rows.map(([what, value]) => `${what.padEnd(wide)}  ${value}`).join("\n")}\n`);
});

test("the first load", async ({ browser, world }) => {
  const times: number[] = [];
  let bytes = 0;
  let files = 0;
  for (let round = 0; round < 5; round++) {
    const context = await browser.newContext({ locale: "fr-FR" });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    let [received, asked] = [0, 0];
    session.on("Network.loadingFinished", ({ encodedDataLength }) => {
      received += encodedDataLength;
      asked++;
    });
    const start = performance.now();
    await page.goto(world.page);
    await page.locator("input[name=username]").waitFor();
    times.push(performance.now() - start);
    await page.waitForLoadState("networkidle");
    [bytes, files] = [received, asked];
    await context.close();
  }
  rows.push(["first load, until one can type: median of 5", ms(median(times))]);
  rows.push(["first load: bytes on the wire", `${(bytes / 1024).toFixed(0)} KiB in ${files} files`]);
});

test("unlocking by password", async ({ browser, world }) => {
  test.setTimeout(300_000);
  const times: number[] = [];
  for (let round = 0; round < UNLOCKS; round++) {
    // Somebody else each time: whoever types his password often is asked to wait.
    const role = world.roles[round];
    if (role === undefined) throw new Error("there are too few people");
    const context = await browser.newContext({ locale: "en-GB" });
    const page = await context.newPage();
    await page.goto(world.page);
    await page.locator("input[name=username]").fill(role.name);
    await page.locator("input[name=current-password]").fill(role.password);
    const start = performance.now();
    await page.keyboard.press("Enter");
    await page.locator("nav.rail").waitFor();
    times.push(performance.now() - start);
    await context.close();
  }
  rows.push([`unlock by password, Argon2id at its floor: median of ${UNLOCKS}`, ms(median(times))]);
  rows.push([`unlock by password: worst of ${UNLOCKS}`, ms(Math.max(...times))]);
});

test("asking five facilities", async ({ visit, world }) => {
  test.setTimeout(300_000);
  const claire = await visit({ as: "claire.moreau" });
  const jonas = await visit();
  await signIn(jonas, world.role("jonas.weber"));
  await go(jonas, "nav.inbox");
  const [done, seen]: [number[], number[]] = [[], []];
  for (let round = 0; round < 5; round++) {
    await openCase(claire);
    await fillIn(claire, request);
    const before = await row(jonas, "Hôpital Saint-Roch").count();
    const names = await claire.page.evaluate(async () => ((await (await fetch("/api/facilities")).json()) as { name: string }[]).map(({ name }) => name));
    const others = names.filter((name) => name !== "Klinik am Park" && name !== "Hôpital Saint-Roch").slice(0, 4);
    const button = await choose(claire, ["Klinik am Park", ...others]);
    await expect(button).toBeEnabled();
    let [sent, clicked] = [0, 0];
    const answered = claire.page.waitForResponse((response) => response.url().endsWith("/send") && response.ok()).then(() => (sent = performance.now()));
    const visible = expect.poll(() => row(jonas, "Hôpital Saint-Roch").count(), { intervals: [10] }).toBe(before + 1).then(() => performance.now());
    clicked = performance.now();
    await button.click();
    const [, shown] = await Promise.all([answered, visible]);
    done.push(sent - clicked);
    seen.push(shown - sent);
  }
  rows.push(["from the click to sent, five facilities: median of 5", ms(median(done))]);
  rows.push(["from the click to sent: worst of 5", ms(Math.max(...done))]);
  rows.push(["from sent to visible at the other side: median of 5", ms(median(seen))]);
  rows.push(["from sent to visible: worst of 5", ms(Math.max(...seen))]);
});
