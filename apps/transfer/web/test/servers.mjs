// Key server, vault and transfer server on loopback ports, with two facilities and their people, for tests and for work on
// the page. Everything is made by the programs that operators and people use.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { startServers } from "../../../../packages/sdk/test/servers.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const WARDSEAL = process.env.WARDSEAL_BIN ?? at("../../../../target/debug/wardseal");
const TRANSFER = process.env.TRANSFER_BIN ?? at("../../../../target/debug/wardseal-transfer");

/** The password of everybody. */
export const PASSWORD = "regen gabel wolke 47 treppe";

const always = { zone: "Europe/Berlin", week: Array.from({ length: 7 }, () => [["00:00", "24:00"]]), closed: [] };

/** Facilities and who works there; the first makes the group. */
const FACILITIES = [
  { name: "Hôpital Saint-Roch", country: "FR", city: "Strasbourg", postcode: "67000", families: ["ACUTE"], people: ["claire.martin", "paul.weber"], language: "fr" },
  { name: "Klinik am Park", country: "DE", city: "Kehl", postcode: "77694", families: ["REHAB", "NURSING"], people: ["anna.schmidt"], language: "de" },
  { name: "Résidence des Tilleuls", country: "FR", city: "Colmar", postcode: "68000", families: ["REHAB", "NURSING"], people: ["lucie.bernard"], language: "fr" },
];

function run(program, given, input) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, given, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => (error ? reject(new Error(`${program} ${given.join(" ")}\n${stderr}`)) : resolve(stdout)));
    child.stdin.end(input ?? "");
  });
}

/** A program that says `listening on URL`. */
async function listening(program, given, running) {
  const server = spawn(program, given, { stdio: ["ignore", "pipe", "pipe"] });
  running.push(server);
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-4000);
  });
  server.ended = new Promise((resolve) => server.once("exit", resolve));
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /listening on (http:\S+)$/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`${program} ended:\n${said}`);
}

/** Starts everything. `web` is a built page; `url` its public address when something else serves the page. */
export async function startTransfer({ web, url, listen = "127.0.0.1:0" } = {}) {
  for (const program of [WARDSEAL, TRANSFER]) {
    if (!existsSync(program)) throw new Error(`${program} does not exist: run \`cargo build -p wardseal -p transfer-server\`, or set WARDSEAL_BIN and TRANSFER_BIN`);
  }
  const platform = await startServers();
  const running = [];
  const stop = async () => {
    for (const server of running) server.kill("SIGTERM");
    await Promise.all(running.map((server) => server.ended));
    await platform.stop();
  };
  try {
    const { keys, vault, tenant, directory } = platform;
    const data = join(directory, "transfer");
    const wardseal = async (home, given, input) =>
      JSON.parse(await run(WARDSEAL, [...given, "--home", join(directory, home), "--server", keys, "--vault", vault, "--tenant", tenant, "--json"], input));
    await run(TRANSFER, ["init", "--data", data, "--tenant", join(directory, "tenant")]);

    const facilities = [];
    for (const { people, ...facility } of FACILITIES) {
      for (const person of people) {
        await platform.signUpNatively(person);
        await wardseal(person, ["password", "set", "--password-stdin"], `${PASSWORD}\n`);
      }
      const [first, ...others] = people;
      const { id: group } = await wardseal(first, ["group", "create", facility.name]);
      for (const other of others) await wardseal(first, ["group", "add", group, other]);
      facilities.push({
        ...facility,
        people,
        group,
        capabilities: ["isolation.contact", "oxygen"],
        languages: ["fr", "de"],
        phone: "+33 3 88 00 00 00",
        latitude: 48.58,
        longitude: 7.75,
        hours: always,
        notificationAddress: `intake@${facility.postcode}.example`,
      });
    }
    await run(TRANSFER, ["facility", "add", "--data", data], JSON.stringify(facilities.map(({ people, ...facility }) => facility)));

    const arguments_ = ["serve", "--data", data, "--keys", keys, "--vault", vault, ...(web === undefined ? [] : ["--web", web]), ...(url === undefined ? [] : ["--url", url])];
    let transfer = await listening(TRANSFER, [...arguments_, "--listen", listen], running);
    const invitations = (await run(TRANSFER, ["invite", "--data", data, "new.colleague"])).trim().split("\n");
    return {
      keys,
      vault,
      tenant,
      transfer,
      facilities,
      invitation: invitations[0]?.split(" ")[1] ?? "",
      /** Adds somebody to the first facility, as its administrator does. */
      addColleague: (name) => wardseal(FACILITIES[0].people[0], ["group", "add", facilities[0].group, name]),
      /** Ends the transfer server as a crash does. */
      async breakDown() {
        const server = running.pop();
        server.kill("SIGKILL");
        await server.ended;
      },
      /** Starts it again at the same address. */
      async comeBack() {
        transfer = await listening(TRANSFER, [...arguments_, "--listen", new URL(transfer).host], running);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
