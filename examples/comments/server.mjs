// The application's own server: it knows who is logged in, signs names, and keeps comments that it cannot read.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Refused, bodyOf, startApplication } from "../kit/application.mjs";
import { signsNames } from "../kit/names.mjs";
import { startPlatform } from "../kit/platform.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const data = process.env.DATA ?? at(".data");
mkdirSync(data, { recursive: true });

const platform = await startPlatform(data);
const signName = signsNames(platform);

// Your database: who has keys, the one session, and sealed comments in the order in which they came.
const file = join(data, "box.json");
const box = read() ?? { names: [], session: undefined, comments: [] };
function read() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
const keep = () => writeFileSync(file, JSON.stringify(box));

await startApplication({
  page: process.env.PAGE ?? at("dist"),
  platform,
  routes: {
    "GET /config": () => ({ tenant: platform.tenant, keys: platform.keys, vault: platform.vault }),
    // ANCHOR: sign-up
    // The name is the login's, never one that the page sends along.
    "POST /sign-up": async ({ request, name }) => signName(name, JSON.parse(await bodyOf(request))),
    // ANCHOR_END: sign-up
    "POST /join": ({ name, ring }) => {
      if (box.names.includes(name)) return;
      box.names.push(name);
      keep();
      ring();
    },
    "POST /session": async ({ request, ring }) => {
      box.session ??= String(await bodyOf(request, 100));
      keep();
      ring();
      return box.session;
    },
    "GET /box": () => box,
    "POST /comments": async ({ request, name, ring }) => {
      if (!box.names.includes(name)) throw new Refused(403, "Join first.");
      box.comments.push((await bodyOf(request)).toString("base64"));
      keep();
      ring();
    },
  },
});
