// Measures the SDK in Chromium against what is underneath it, and weighs it: `npm run bench [-- bulk [MiB] | sessions | large [MiB] | size]`.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { startApplication, startBrowser } from "../test/browser/pages.mjs";
import { startServers } from "../test/servers.mjs";
import { withPeak } from "./memory.mjs";

const [only, size] = process.argv.slice(2);
const megabytes = (usual) => Number(size ?? usual);

/** A page of an application, with the servers behind it. `work` gets the page and what the SDK is opened with. */
async function inPage(work) {
  const servers = await startServers();
  const application = await startApplication({ bench: fileURLToPath(new URL(".", import.meta.url)) });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(error.stack));
    await page.exposeFunction("sign", servers.sign);
    await page.goto(application.address);
    const { tenant, keys } = servers;
    await work({ page, browser, options: { tenant, keys } });
  } finally {
    await browser.close();
    await application.stop();
    await servers.stop();
  }
}

async function bulk({ page, browser, options }) {
  const given = { options, megabytes: megabytes(64) };
  const measured = await page.evaluate(
    async ({ options, megabytes }) => (await import("/bench/bulk.js")).measure(options, megabytes, globalThis.sign),
    given,
  );
  const rate = (milliseconds) => ((given.megabytes * 1.048576) / milliseconds).toFixed(2);
  console.log(`\nChromium ${browser.version()}, ${given.megabytes} MiB in memory\n`);
  console.log("| | ms | GB/s | times the first's speed | best ms |\n|---|---:|---:|---:|---:|");
  for (const { name, median, best, ratio } of measured.bulk) {
    console.log(`| ${name} | ${median.toFixed(0)} | ${rate(median)} | ${ratio.toFixed(2)} | ${best.toFixed(0)} |`);
  }
  const named = (name) => measured.bulk.find((row) => row.name.startsWith(name));
  const times = (name) => (named(name).ratio / named("ChaCha20").ratio).toFixed(1);
  console.log(`\nAgainst ChaCha20-Poly1305 in WebAssembly: encryption ${times("frames")} times as fast (aim 2), a whole object ${times("a whole object sealed")} times.`);
  console.log(`\n| | median ms | best ms |\n|---|---:|---:|`);
  console.log(`| creation of an identity (aim 20) | ${measured.identity.median.toFixed(1)} | ${measured.identity.best.toFixed(1)} |`);
  for (const { name, median, best } of measured.small) console.log(`| ${name} | ${median.toFixed(1)} | ${best.toFixed(1)} |`);
}

async function sessions({ page, browser, options }) {
  const measured = await page.evaluate(async (options) => (await import("/bench/sessions.js")).measure(options, globalThis.sign), options);
  console.log(`\nSessions in Chromium ${browser.version()}, one at a time, servers on this machine\n`);
  console.log("| | median ms | in a second |\n|---|---:|---:|");
  for (const { name, median } of measured.rows) console.log(`| ${name} | ${median.toFixed(2)} | ${(1000 / median).toFixed(0)} |`);
  const { cases, batch } = measured;
  console.log(`\n| | ms | requests |\n|---|---:|---:|`);
  console.log(`| ${cases.count} cases of a group opened, chains known (aim 300, one request) | ${cases.first.toFixed(0)} | ${cases.requests} |`);
  console.log(`| the same, keys cached (aim 10), contents read | ${cases.again.toFixed(0)} | 0 |`);
  console.log(`| the same, keys cached, contents not read yet | ${cases.keys.toFixed(0)} | 0 |`);
  console.log(`| ${batch.count} sessions in one batch | ${batch.time.toFixed(0)} | ${batch.requests} |`);
}

async function large({ page, browser, options }) {
  const mib = megabytes(1024);
  const call = (name, ...given) =>
    page.evaluate(async ({ name, given }) => (await import("/bench/large.js"))[name](...given, globalThis.sign), { name, given });
  await call("prepare", options);
  // The client's own process number, whoever started it.
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const pid = processInfo.find(({ type }) => type === "browser").id;
  const rows = [];
  for (const [name, step] of [["raw WebCrypto AES-256-GCM, 16 KiB chunks", "raw"], ["sealed, signed", "seal"], ["", "keep"], ["opened, author verified", "open"]]) {
    const { value, peak } = await withPeak(pid, () => call(step, mib));
    if (name !== "") rows.push({ name, time: value, peak });
  }
  console.log(`\n${mib} MiB as a stream in Chromium ${browser.version()}\n`);
  console.log("| | s | GB/s | times raw | peak above the baseline (aim 32 MiB) |\n|---|---:|---:|---:|---:|");
  for (const { name, time, peak } of rows) {
    console.log(`| ${name} | ${(time / 1000).toFixed(1)} | ${((mib * 1.048576) / time).toFixed(2)} | ${(rows[0].time / time).toFixed(2)} | ${(peak / 1048576).toFixed(0)} MiB |`);
  }
}

/** What others publish, measured the same way: raw, gzip, brotli. */
const PEERS = [
  ["Seald 0.25.0, browser", 1_434_613, 384_681, 288_738],
  ["Tanker 2.31.0, UMD min", 1_001_612, 308_333, 227_643],
  ["Etebase 0.43.1, UMD", 772_948, 266_865, 204_250],
  ["Bitwarden wasm 0.1.6", 902_352, 379_001, 278_440],
  ["matrix-sdk-crypto-wasm 18.9.0", 7_805_486, 2_107_595, 1_444_508],
];

function weigh() {
  const dist = new URL("../dist/", import.meta.url);
  const file = (name) => readFileSync(new URL(name, dist));
  const scripts = readdirSync(dist).filter((name) => name.endsWith(".js")).map((name) => file(name));
  const javascript = Buffer.concat([...scripts, file("generated/core.js")]);
  const core = file("generated/core_bg.wasm");
  const parts = [
    ["Wardseal: what a page loads (core, JavaScript not minified)", Buffer.concat([core, javascript])],
    ["of that: core, WebAssembly", core],
    ["of that: JavaScript, not minified", javascript],
    ["passwords, WebAssembly, on demand", file("generated/recovery_bg.wasm")],
  ];
  const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  const row = (name, ...sizes) => console.log(`| ${name} | ${sizes.map((size) => (size / 1000).toFixed(1)).join(" | ")} |`);
  console.log("\n| | kB | gzip | brotli |\n|---|---:|---:|---:|");
  for (const [name, bytes] of parts) row(name, bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes));
  for (const peer of PEERS) row(...peer);
}

const steps = { bulk, sessions, large };
if (only !== undefined && only !== "size" && steps[only] === undefined) throw new Error("usage: run.mjs [bulk [MiB] | sessions | large [MiB] | size]");
for (const [name, step] of Object.entries(steps)) {
  if (only === undefined || only === name) await inPage(step);
}
if (only === undefined || only === "size") weigh();
