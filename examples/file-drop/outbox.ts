// Sealed files that the server does not have whole yet, kept in this browser: an upload goes on after a reload with the same bytes.

/** A file that waits. */
export interface Waiting {
  readonly id: number;
  readonly name: string;
  readonly sealed: Blob;
  /** Where the server keeps what it has of it. */
  readonly address?: string | undefined;
}

const owner = () => sessionStorage.getItem("name") ?? "";

let database: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`outbox-${owner()}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("waiting", { keyPath: "id", autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const store = (await (database ??= open())).transaction("waiting", mode).objectStore("waiting");
  return new Promise((resolve, reject) => {
    const request = work(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export const outbox = {
  all: () => run<Waiting[]>("readonly", (store) => store.getAll()),
  async add(item: Omit<Waiting, "id">): Promise<Waiting> {
    return { ...item, id: (await run("readwrite", (store) => store.add(item))) as number };
  },
  async keep(item: Waiting): Promise<void> {
    await run("readwrite", (store) => store.put(item));
  },
  async remove({ id }: Waiting): Promise<void> {
    await run("readwrite", (store) => store.delete(id));
  },
};
