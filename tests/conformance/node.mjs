// The external vectors through WebAssembly in Node.
import { readFileSync } from "node:fs";

import { initSync, run_external } from "./generated/conformance.js";
import { print } from "./report.mjs";

initSync({ module: readFileSync(new URL("./generated/conformance_bg.wasm", import.meta.url)) });
print("Node", JSON.parse(run_external()));
