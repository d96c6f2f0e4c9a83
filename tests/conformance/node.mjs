// The vectors, others' and our own, through WebAssembly in Node.
import { readFileSync } from "node:fs";

import * as conformance from "./generated/conformance.js";
import { print } from "./report.mjs";
import { run } from "./run.mjs";
import { vectors } from "./vectors.mjs";

conformance.initSync({ module: readFileSync(new URL("./generated/conformance_bg.wasm", import.meta.url)) });
print("Node", run(conformance, vectors()));
