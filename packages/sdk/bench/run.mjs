// Measures the SDK in Chromium against what is underneath it, and weighs it: `npm run bench [MiB]`.
import { readFileSync, readdirSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
import { fileURLToPath } from "node:url";

import { startApplication, startBrowser } from "../test/browser/pages.mjs";
import { startServers } from "../test/servers.mjs";

const megabytes = Number(process.argv[2] ?? 64);
const servers = await startServers();
const application = await startApplication({ bench: fileURLToPath(new URL(".", import.meta.url)) });
const browser = await startBrowser();
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error.stack));
  await page.exposeFunction("sign", servers.sign);
  await page.goto(application.address);
  const { tenant, keys } = servers;
  const measured = await page.evaluate(
    async ({ options, megabytes }) => (await import("/bench/page.js")).measure(options, megabytes, globalThis.sign),
    { options: { tenant, keys }, megabytes },
  );
  const rate = (milliseconds) => ((megabytes * 1.048576) / milliseconds).toFixed(2);
  console.log(`\nChromium ${browser.version()}, ${megabytes} MiB in memory\n`);
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
} finally {
  await browser.close();
  await application.stop();
  await servers.stop();
}

const dist = new URL("../dist/", import.meta.url);
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
const kilobytes = (length) => (length / 1000).toFixed(1);
const scripts = (folder, wanted) => readdirSync(folder).filter(wanted).map((name) => readFileSync(new URL(name, folder)));
const parts = [
  ["core, WebAssembly", [readFileSync(new URL("generated/core_bg.wasm", dist))]],
  ["passwords, WebAssembly, on demand", [readFileSync(new URL("generated/recovery_bg.wasm", dist))]],
  ["JavaScript, not minified", [...scripts(dist, (name) => name.endsWith(".js")), readFileSync(new URL("generated/core.js", dist))]],
];
console.log("\n| | kB | kB, brotli |\n|---|---:|---:|");
for (const [name, files] of parts) {
  const all = Buffer.concat(files);
  console.log(`| ${name} | ${kilobytes(all.length)} | ${kilobytes(brotli(all))} |`);
}
