// Runs in the browser, see browser.mjs.
import init, { run_external } from "./generated/conformance.js";

try {
  await init();
  postMessage({ report: run_external() });
} catch (error) {
  postMessage({ error: String(error) });
}
