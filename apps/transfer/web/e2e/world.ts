// Key server, vault, transfer server and mail catcher as real processes, with invented facilities and their people, made by
// the program of the demonstration.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The folder with the programs. */
const PROGRAMS = process.env["WARDSEAL_PROGRAMS"] ?? (process.env["WARDSEAL_BIN"] === undefined ? at("../../../../target/debug") : dirname(process.env["WARDSEAL_BIN"]));
/** The built page. */
const WEB = process.env["TRANSFER_WEB"] ?? at("../dist");

/** Somebody who can step in. */
export interface Role {
  /** With which he signs in. */
  readonly name: string;
  readonly password: string;
  readonly person: string;
  readonly facility: string;
  readonly country: "FR" | "DE";
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly raw: string;
}

interface Said {
  readonly page: string;
  readonly keys: string;
  readonly vault: string;
  readonly mailbox: string;
  readonly data: string;
  readonly roles: readonly Role[];
}

export interface Size {
  /** How many facilities; the four of the story come first. */
  readonly facilities: number;
  /** How many cases, in all states. */
  readonly cases: number;
  readonly log: "warn" | "trace";
}

/** The servers that can be stopped and started. */
export type ServerName = "keys" | "vault" | "transfer";

export class World {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #folder: string;
  #log = "";
  #said: Said | undefined;

  private constructor(process: ChildProcessWithoutNullStreams, lines: Interface, folder: string) {
    this.#process = process;
    this.#lines = lines[Symbol.asyncIterator]();
    this.#folder = folder;
    process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
  }

  /** Starts everything; the first line that the program prints says where it is. */
  static async start({ facilities, cases, log }: Size): Promise<World> {
    for (const program of ["transfer-demo", "wardseal", "wardseal-transfer", "transfer-mail-catcher"]) {
      if (!existsSync(join(PROGRAMS, program))) {
        throw new Error(`${join(PROGRAMS, program)} does not exist: run \`cargo build -p wardseal -p transfer-server -p transfer-mail-catcher -p transfer-demo-data\`, or set WARDSEAL_PROGRAMS`);
      }
    }
    if (!existsSync(join(WEB, "index.html"))) throw new Error(`${WEB} holds no page: run \`npm run build\``);
    const folder = await mkdtemp(join(tmpdir(), "wardseal-e2e-"));
    const child = spawn(
      join(PROGRAMS, "transfer-demo"),
      ["--data", join(folder, "data"), "--programs", PROGRAMS, "--web", WEB, "--port", "0", "--facilities", String(facilities), "--cases", String(cases), "--log", log, "--json", "--until-eof"],
      { stdio: "pipe" },
    );
    const world = new World(child, createInterface({ input: child.stdout }), folder);
    try {
      world.#said = JSON.parse(await world.#line()) as Said;
    } catch (error) {
      await world.stop();
      throw new Error(`the servers did not start: ${world.#log.slice(-4000)}`, { cause: error });
    }
    return world;
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the servers ended: ${this.#log.slice(-4000)}`);
    return value;
  }

  get #known(): Said {
    if (this.#said === undefined) throw new Error("not started");
    return this.#said;
  }

  /** The address of the page. */
  get page(): string {
    return this.#known.page;
  }

  /** Where everything is kept. */
  get data(): string {
    return this.#known.data;
  }

  /** What the servers wrote down. */
  get log(): string {
    return this.#log;
  }

  /** Everybody. */
  get roles(): readonly Role[] {
    return this.#known.roles;
  }

  /** Somebody, by the beginning of the name with which he signs in. */
  role(name: string): Role {
    const found = this.#known.roles.find((role) => role.name.startsWith(`${name}@`) || role.name.startsWith(`${name}.`));
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  }

  /** The mails that arrived. */
  async mails(): Promise<readonly Mail[]> {
    const answer = await fetch(`${this.#known.mailbox}/mails.json`);
    if (!answer.ok) throw new Error(`the mailbox answers ${answer.status}`);
    return (await answer.json()) as readonly Mail[];
  }

  async #order(verb: "stop" | "start", name: ServerName): Promise<void> {
    this.#process.stdin.write(`${verb} ${name}\n`);
    const said = await this.#line();
    if (said !== `${verb} ${name}`) throw new Error(`unexpected answer: ${said}`);
  }

  /** Ends a server as a crash does. */
  breakDown(name: ServerName): Promise<void> {
    return this.#order("stop", name);
  }

  /** Starts it again at its address. */
  comeBack(name: ServerName): Promise<void> {
    return this.#order("start", name);
  }

  /** Every file of every server: databases, blobs, what lies beside them. */
  async files(): Promise<readonly { readonly path: string; readonly bytes: Buffer }[]> {
    const found: { path: string; bytes: Buffer }[] = [];
    for (const server of ["keys", "vault", "transfer"]) {
      const inside = await readdir(join(this.data, server), { recursive: true, withFileTypes: true });
      for (const entry of inside) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile()) found.push({ path, bytes: await readFile(path) });
      }
    }
    return found;
  }

  async stop(): Promise<void> {
    const ended = this.#process.exitCode === null ? new Promise((resolve) => this.#process.once("exit", resolve)) : undefined;
    this.#process.stdin.end();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
