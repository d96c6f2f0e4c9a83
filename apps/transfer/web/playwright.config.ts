import { defineConfig } from "@playwright/test";

/** A machine that builds at the same time is slow; what fails there once is tried again, and listed as flaky. */
const ci = process.env["CI"] !== undefined;

/** The story of the application and what must hold beside it, in Chromium, against the real servers. */
export default defineConfig({
  testDir: "e2e",
  outputDir: "e2e/out/results",
  // A world of servers belongs to a worker; two share a small machine well.
  workers: 2,
  fullyParallel: false,
  forbidOnly: ci,
  retries: ci ? 1 : 0,
  timeout: ci ? 300_000 : 120_000,
  expect: { timeout: ci ? 45_000 : 20_000 },
  reporter: [["list"]],
  use: {
    launchOptions: {
      executablePath: process.env["CHROMIUM_BIN"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"],
    },
    actionTimeout: ci ? 45_000 : 20_000,
    navigationTimeout: ci ? 60_000 : 30_000,
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "chromium", testMatch: "*.spec.ts", testIgnore: "screens.spec.ts" },
    // Pictures to look at: `npm run screens`.
    { name: "screens", testMatch: "screens.spec.ts" },
    // Numbers, not checks: `npm run measure`.
    { name: "measure", testMatch: "measure.ts" },
  ],
});
