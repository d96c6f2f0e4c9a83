// Puts the WebAssembly and its glue, which `cargo xtask wasm` made, beside what the compiler made.
import { cp, mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";

const from = new URL("../src/generated/", import.meta.url);
const to = new URL("../dist/generated/", import.meta.url);

if (!existsSync(new URL("platform_bg.wasm", from))) {
  console.error("src/generated is empty: run `cargo xtask wasm` first");
  process.exit(1);
}
await mkdir(to, { recursive: true });
await cp(from, to, { recursive: true });
