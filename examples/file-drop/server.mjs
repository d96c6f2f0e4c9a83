// The application's own server: it knows who is logged in, signs names, and keeps files that it cannot read.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { bodyOf, startApplication } from "../kit/application.mjs";
import { signsNames } from "../kit/names.mjs";
import { startPlatform } from "../kit/platform.mjs";
import { filesIn } from "./files.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const data = process.env.DATA ?? at(".data");
mkdirSync(data, { recursive: true });

const platform = await startPlatform(data);
const signName = signsNames(platform);
const files = filesIn(join(data, "files"));

// Your database: who has keys, and the one session. The files are in a folder.
const record = join(data, "box.json");
const box = read() ?? { names: [], session: undefined };
function read() {
  try {
    return JSON.parse(readFileSync(record, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
const keep = () => writeFileSync(record, JSON.stringify(box));

await startApplication({
  page: at("dist"),
  platform,
  routes: {
    ...files.routes,
    "GET /config": () => ({ tenant: platform.tenant, keys: platform.keys, vault: platform.vault }),
    // The name is the login's, never one that the page sends along.
    "POST /sign-up": async ({ request, name }) => signName(name, JSON.parse(await bodyOf(request))),
    "POST /join": ({ name, ring }) => {
      if (box.names.includes(name)) return;
      box.names.push(name);
      keep();
      ring();
    },
    "POST /session": async ({ request }) => {
      box.session ??= String(await bodyOf(request, 100));
      keep();
      return box.session;
    },
    "GET /box": async () => ({ ...box, addresses: await files.complete() }),
  },
});
