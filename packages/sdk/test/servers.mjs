// The real servers on loopback ports, a tenant, and the program's own client, for tests.
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BIN = process.env.WARDSEAL_BIN ?? fileURLToPath(new URL("../../../target/debug/wardseal", import.meta.url));
const run = promisify(execFile);

/** Key server, vault and a tenant. `more` has further options by role. `stop` ends them and removes what they wrote. */
export async function startServers(more = {}) {
  if (!existsSync(BIN)) throw new Error(`${BIN} does not exist: run \`cargo build --package wardseal\`, or set WARDSEAL_BIN`);
  const directory = await mkdtemp(join(tmpdir(), "wardseal-sdk-"));
  const running = [];
  const stop = async () => {
    for (const server of running) server.kill("SIGTERM");
    await Promise.all(running.map((server) => server.ended));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const [keys, vault] = await Promise.all(["keys", "vault"].map((role) => startServer(role, join(directory, role), running, more[role])));
    const tenantDirectory = join(directory, "tenant");
    const program = (home, ...given) =>
      run(BIN, [...given, "--home", join(directory, home), "--server", keys, "--vault", vault, "--json"], { maxBuffer: 1 << 26 });
    const created = await program("operator", "tenant", "create", "--name", "Test", "--dir", tenantDirectory);
    const { tenant } = JSON.parse(created.stdout);
    return {
      keys,
      vault,
      tenant,
      directory,
      stop,
      /** Signs a sign-up, as the application's server does once it knows who the person is. */
      sign: async (request) => {
        // Two tabs may ask for the same person at once.
        const file = join(directory, `${request.user}-${randomUUID()}.json`);
        await writeFile(file, JSON.stringify(request));
        const { stdout } = await program("operator", "tenant", "token", "--dir", tenantDirectory, file);
        return JSON.parse(stdout).tokens[0].token;
      },
      /** Runs the program for a person; gives what it answers. */
      program: async (person, ...given) => {
        const { stdout } = await program(person, ...given, "--tenant", tenant);
        return stdout.trim() === "" ? undefined : JSON.parse(stdout);
      },
      /** Signs a person up with the program's own client. */
      signUpNatively: (person) => program(person, "user", "sign-up", "--name", person, "--tenant-dir", tenantDirectory, "--tenant", tenant),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServer(role, data, running, more = []) {
  const server = spawn(BIN, ["serve", "--role", role, "--listen", "127.0.0.1:0", "--data", data, ...more], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(server);
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text) => {
    said = (said + text).slice(-4000);
  });
  server.ended = new Promise((resolve) => server.once("exit", resolve));
  const listening = (async () => {
    for await (const line of createInterface({ input: server.stdout })) {
      const address = /^listening on (http:\S+)$/.exec(line)?.[1];
      if (address !== undefined) return address;
    }
    throw new Error(`the ${role} server ended:\n${said}`);
  })();
  return listening;
}

/** `length` bytes that do not compress and are the same each time. */
export function bytesOf(length, seed = 1) {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}
