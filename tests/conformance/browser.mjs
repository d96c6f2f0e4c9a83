// The vectors, others' and our own, through WebAssembly in Chromium, in a worker as in the SDK.
import { fileURLToPath } from "node:url";

import { inChromium } from "../../xtask/npm/chromium.mjs";
import { print } from "./report.mjs";
import { vectors } from "./vectors.mjs";

const page = `<!doctype html>
<title>conformance</title>
<script type="module">
  const worker = new Worker("/worker.mjs", { type: "module" });
  const send = (path, body) => fetch(path, { method: "POST", body });
  worker.onmessage = ({ data }) =>
    "report" in data ? send("/report", JSON.stringify(data.report)) : send("/error", data.error);
  worker.onerror = ({ message }) => send("/error", message);
</script>`;

print(
  "Chromium",
  await inChromium({
    root: fileURLToPath(new URL(".", import.meta.url)),
    page,
    made: { "/vectors.json": JSON.stringify(vectors()) },
  }),
);
