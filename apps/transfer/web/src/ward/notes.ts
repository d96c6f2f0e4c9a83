import { openDB, type DBSchema, type IDBPDatabase } from "idb";

/** What is under way and has to survive a reload: identifiers, and bytes that are sealed already. Nothing here can be read. */
export type Job = SendJob | DiscloseJob | UploadJob;

interface JobBase {
  readonly id: string;
  /** Whose it is: only he goes on with it. */
  readonly user: string;
  /** `grp_…` for which he does it. */
  readonly facility: string;
  readonly case: string;
  readonly created: number;
}

/** One facility that is asked. */
export interface SendPart {
  readonly request: string;
  readonly to: string;
  readonly blob: string;
  /** S1, once it is made. */
  readonly session?: string;
  /** `pnd_…` of a facility that has no keys yet. */
  readonly pending?: string;
  /** Stage 1, once it is sealed. */
  readonly sealed?: Uint8Array<ArrayBuffer>;
}

/** Asks facilities. Stage 1 is taken from the working copy as it was when "send" was pressed. */
export interface SendJob extends JobBase {
  readonly kind: "send";
  readonly source: Source;
  readonly parts: readonly SendPart[];
}

/** Opens the full record for one facility. */
export interface DiscloseJob extends JobBase {
  readonly kind: "disclose";
  readonly source: Source;
  readonly request: string;
  readonly to: string;
  /** D, which the record's session may open from then on. */
  readonly documentsSession: string;
  readonly blob: string;
  readonly session?: string;
  /** `pnd_…` of a facility that has no keys yet. */
  readonly pending?: string;
  readonly granted?: true;
  readonly sealed?: Uint8Array<ArrayBuffer>;
}

/** Sends a document. Its sealed bytes are kept beside this note; its name is sealed within them. */
export interface UploadJob extends JobBase {
  readonly kind: "upload";
  readonly blob: string;
  /** Sealed bytes. */
  readonly size: number;
}

/** A version of the working copy, and which of its answers are meant. */
export interface Source {
  readonly blob: string;
  readonly session: string;
  readonly fields: readonly string[];
}

interface Schema extends DBSchema {
  jobs: { key: string; value: Job };
  bytes: { key: string; value: Blob };
}

/** The notes of this browser. All tabs share them. */
export interface Notes {
  all(): Promise<Job[]>;
  get(id: string): Promise<Job | undefined>;
  /** Keeps a job, with its bytes if it has any. Resolved when it is on disk. */
  put(job: Job, bytes?: Blob): Promise<void>;
  bytes(id: string): Promise<Blob | undefined>;
  /** Forgets a job and its bytes. */
  drop(id: string): Promise<void>;
}

/** Notes in IndexedDB. */
export function openNotes(name = "wardseal-transfer"): Notes {
  let opened: Promise<IDBPDatabase<Schema>> | undefined;
  const database = (): Promise<IDBPDatabase<Schema>> =>
    (opened ??= openDB<Schema>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore("jobs", { keyPath: "id" });
        fresh.createObjectStore("bytes");
      },
    }));
  return {
    all: async () => (await database()).getAll("jobs"),
    get: async (id) => (await database()).get("jobs", id),
    async put(job, bytes) {
      const transaction = (await database()).transaction(["jobs", "bytes"], "readwrite", { durability: "strict" });
      await Promise.all([transaction.objectStore("jobs").put(job), bytes === undefined ? undefined : transaction.objectStore("bytes").put(bytes, job.id), transaction.done]);
    },
    bytes: async (id) => (await database()).get("bytes", id),
    async drop(id) {
      const transaction = (await database()).transaction(["jobs", "bytes"], "readwrite");
      await Promise.all([transaction.objectStore("jobs").delete(id), transaction.objectStore("bytes").delete(id), transaction.done]);
    },
  };
}
