// Runs in the browser, see browser.mjs.
import * as conformance from "./generated/conformance.js";
import { run } from "./run.mjs";

try {
  await conformance.default();
  const vectors = await (await fetch("/vectors.json")).json();
  postMessage({ report: run(conformance, vectors) });
} catch (error) {
  postMessage({ error: String(error) });
}
