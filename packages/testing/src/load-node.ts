/** How the servers are loaded in Node. */
import { readFile } from "node:fs/promises";

import { initSync } from "./generated/platform.js";

/** Makes the servers ready. */
export async function loadServers(): Promise<void> {
  const module = (await readFile(new URL("./generated/platform_bg.wasm", import.meta.url))) as Uint8Array<ArrayBuffer>;
  initSync({ module });
}
