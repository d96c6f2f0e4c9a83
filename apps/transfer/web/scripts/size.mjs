// What a first visit loads before somebody can type a password, and what signing in loads: compressed as the transfer server
// sends it. Fails when the script of the first screens is more than its budget. Build first.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Bytes of compressed script until the first screen stands, SDK included (ADR 0010). */
const BUDGET = 253_000;

const dist = process.env.TRANSFER_WEB ?? fileURLToPath(new URL("../dist", import.meta.url));
const files = readdirSync(`${dist}/assets`);
const text = (file) => readFileSync(`${dist}/assets/${file}`, "utf8");
const size = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

/** The chunks that a chunk imports at once, and theirs. */
function closure(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name] of text(file).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) closure(name, seen);
  return seen;
}

const chunk = (name) => {
  const found = files.find((file) => file.startsWith(`${name}-`) && file.endsWith(".js"));
  if (found === undefined) throw new Error(`dist/assets has no ${name}-….js: build the page first`);
  return found;
};
const entry = /src="\/assets\/([^"]+)"/.exec(readFileSync(`${dist}/index.html`, "utf8"))?.[1];
if (entry === undefined) throw new Error("dist/index.html names no script: build the page first");

// The SDK's chunk is the one that knows its WebAssembly.
const sdk = files.find((file) => file.endsWith(".js") && text(file).includes("core_bg") && !file.includes("worker"));
const first = new Set([...closure(entry), ...closure(chunk("UnlockScreen")), ...closure(chunk("de")), ...(sdk === undefined ? [] : closure(sdk))]);
const scripts = [...first].map((file) => [file, size(`${dist}/assets/${file}`)]).toSorted((one, other) => other[1] - one[1]);
const whole = scripts.reduce((sum, [, bytes]) => sum + bytes, 0);
const css = files.filter((file) => file.endsWith(".css") && (file.startsWith("index-") || file.startsWith("UnlockScreen-"))).reduce((sum, file) => sum + size(`${dist}/assets/${file}`), 0);
const wasm = files.filter((file) => file.endsWith(".wasm")).map((file) => [file, size(`${dist}/assets/${file}`)]);

const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
for (const [file, bytes] of scripts) console.log(`${kB(bytes).padStart(10)}  ${file}`);
console.log(`${kB(whole).padStart(10)}  script of the first visit (budget ${kB(BUDGET)}), and ${kB(css)} of CSS`);
for (const [file, bytes] of wasm) console.log(`${kB(bytes).padStart(10)}  ${file}`);
if (whole > BUDGET) {
  console.error("the first visit loads too much");
  process.exitCode = 1;
}
