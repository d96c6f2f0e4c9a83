// The WebAssembly of the rules as the page loads it, for tests, which run in Node.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const wasm = readFileSync(join(process.cwd(), "src/generated/rules/rules_bg.wasm"));
