/** How the servers are loaded in a page. Bundlers understand the `new URL` in the generated file. */
import init from "./generated/platform.js";

/** Makes the servers ready. */
export async function loadServers(): Promise<void> {
  await init();
}
