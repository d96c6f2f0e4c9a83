// Starts the real servers with a few facilities and people, for work on the page: `npm run servers`, then open the address
// (the built page of dist/), or `npm run dev` beside it with TRANSFER_SERVER set to what is printed.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { PASSWORD, startTransfer } from "../test/servers.mjs";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const dev = process.argv.includes("--dev");
const servers = await startTransfer({
  ...(existsSync(dist) ? { web: dist } : {}),
  // The development server is the page's origin then.
  ...(dev ? { url: "http://localhost:5175" } : {}),
});
console.log(`${dev ? "TRANSFER_SERVER=" : ""}${servers.transfer}`);
for (const { name, people } of servers.facilities) console.log(`${name}: ${people.join(", ")}`);
console.log(`password of everybody: ${PASSWORD}\ninvitation for new.colleague: ${servers.transfer}/#invitation=${servers.invitation}&name=new.colleague`);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await servers.stop();
    process.exit(0);
  });
}
await new Promise(() => setInterval(() => undefined, 60_000));
