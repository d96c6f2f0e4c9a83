// Key server and vault for an example, with a tenant: those of the environment, or a pair of its own on this machine.
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const BUILT = fileURLToPath(new URL("../../target/debug/wardseal", import.meta.url));

/**
 * Gives `tenant`, `keys`, `vault` and the tenant's token key. With TENANT, KEYS_URL, VAULT_URL, TOKEN_KID and TOKEN_KEY in the
 * environment nothing is started. Without them `wardseal serve` runs as long as this process, with its databases below `data`.
 */
export async function startPlatform(data, environment = process.env) {
  const { TENANT: tenant, KEYS_URL: keys, VAULT_URL: vault, TOKEN_KID: kid, TOKEN_KEY: keyFile } = environment;
  const given = { tenant, keys, vault, kid, keyFile };
  const missing = Object.keys(given).filter((name) => given[name] === undefined);
  if (missing.length === 0) return { tenant, keys, vault, kid, seed: readFileSync(keyFile) };
  if (missing.length < Object.keys(given).length) throw new Error("give TENANT, KEYS_URL, VAULT_URL, TOKEN_KID and TOKEN_KEY together, or none of them");
  return startOwn(data, environment);
}

async function startOwn(data, { WARDSEAL_BIN, WARDSEAL_PORT = "7420" }) {
  const program = WARDSEAL_BIN ?? (existsSync(BUILT) ? BUILT : "wardseal");
  const address = await serve(program, ["serve", "--listen", `127.0.0.1:${WARDSEAL_PORT}`, "--data", join(data, "wardseal"), "--log", "warn"]);
  const folder = join(data, "tenant");
  const tenantCommand = async (...words) => {
    const { stdout } = await run(program, ["tenant", ...words, "--home", join(data, "operator"), "--server", address, "--json"]);
    return JSON.parse(stdout);
  };
  if (!existsSync(folder)) await tenantCommand("create", "--name", "Examples", "--dir", folder);
  const tenant = /^tenant = "(\w+)"$/m.exec(readFileSync(join(folder, "tenant.toml"), "utf8"))[1];
  const shown = await tenantCommand("show", "--tenant", tenant);
  const kid = shown.keys.find(({ purpose }) => purpose === "token").id;
  return { tenant, keys: address, vault: address, kid, seed: readFileSync(join(folder, "token.key")) };
}

/** Starts the program and waits for its address. It ends with this process. */
function serve(program, words) {
  return new Promise((resolve, reject) => {
    const server = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
    server.once("error", () => reject(new Error(`${program} cannot be started: build it with \`cargo build --package wardseal\`, or say in WARDSEAL_BIN where it is`)));
    server.once("exit", () => reject(new Error("the servers ended before they listened: the lines above say why")));
    process.once("exit", () => server.kill());
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit());
    createInterface({ input: server.stdout }).on("line", (line) => {
      const address = /^listening on (http:\S+)$/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
}
