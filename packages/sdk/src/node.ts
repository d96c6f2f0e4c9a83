/** What only Node has. */
import { chmod, mkdir, open, readFile, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { WardsealError } from "./errors.js";
import { StoreConflict, apply, keysWith, type StateStore } from "./store.js";

/** How long another process may hold the lock before it is taken for dead, in milliseconds. */
const LOCK_STALE = 10_000;
const LOCK_WAIT = 20;

interface Content {
  version: number;
  records: Map<string, Uint8Array>;
}

function parse(text: string): Content {
  const kept = JSON.parse(text) as { version: number; records: Record<string, string> };
  const records = Object.entries(kept.records).map(([key, record]) => [key, new Uint8Array(Buffer.from(record, "base64"))] as const);
  return { version: kept.version, records: new Map(records) };
}

function serialise(content: Content): string {
  const records = [...content.records].map(([key, record]) => [key, Buffer.from(record).toString("base64")]);
  return JSON.stringify({ version: content.version, records: Object.fromEntries(records) });
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** Writes a file whole or not at all, for nobody but the owner. */
async function replace(path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = `${path}.${process.pid}.new`;
  try {
    const file = await open(unfinished, "w", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/**
 * A store in a directory, for Node. The state key lies beside the records, readable by the owner alone: whoever can read
 * the directory is the user. Several processes may use it, one after the other.
 */
export function nodeFileStore(directory: string): StateStore {
  const keyPath = join(directory, "state.key");
  const recordsPath = join(directory, "state.json");
  const lockPath = join(directory, "lock");
  let known: Content | undefined;
  let changed = "";

  const load = async (): Promise<Content> => {
    const stamp = await stat(recordsPath, { bigint: true }).then(
      ({ mtimeNs, size, ino }) => `${mtimeNs} ${size} ${ino}`,
      (error: unknown) => {
        if (isMissing(error)) return "none";
        throw error;
      },
    );
    if (known === undefined || stamp !== changed) {
      known = stamp === "none" ? { version: 0, records: new Map() } : parse(await readFile(recordsPath, "utf8"));
      changed = stamp;
    }
    return known;
  };

  const lock = async (): Promise<FileHandle> => {
    for (;;) {
      try {
        return await open(lockPath, "wx", 0o600);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const age = await stat(lockPath).then(({ mtimeMs }) => Date.now() - mtimeMs, () => 0);
      if (age > LOCK_STALE) await rm(lockPath, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT));
    }
  };

  const locked = async <T>(work: () => Promise<T>): Promise<T> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const held = await lock();
    try {
      return await work();
    } finally {
      await held.close();
      await rm(lockPath, { force: true });
    }
  };

  return {
    stateKey: () =>
      locked(async () => {
        const kept = await readFile(keyPath).catch((error: unknown) => {
          if (isMissing(error)) return undefined;
          throw error;
        });
        if (kept !== undefined) {
          if (kept.length !== 32) throw new WardsealError("store", `${keyPath} is damaged: restore it from a backup`);
          await chmod(keyPath, 0o600);
          return new Uint8Array(kept);
        }
        const key = crypto.getRandomValues(new Uint8Array(32));
        await replace(keyPath, key);
        return key;
      }),
    get: async (key) => (await load()).records.get(key),
    keys: async (prefix) => keysWith((await load()).records.keys(), prefix),
    version: async () => (await load()).version,
    commit: (changes, after) =>
      locked(async () => {
        const before = await load();
        if (before.version !== after) throw new StoreConflict();
        const next: Content = { version: after + 1, records: new Map(before.records) };
        apply(next.records, changes);
        await replace(recordsPath, serialise(next));
        known = undefined;
        return next.version;
      }),
  };
}
