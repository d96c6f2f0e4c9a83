// A place for files. Whoever is let in reads and adds; the server keeps what it cannot read.
import { Wardseal, WardsealError, httpSource, indexedDbStore, upload, type Opened } from "@wardseal/sdk";

import { outbox, type Waiting } from "./outbox.js";
import * as page from "./page.js";
import { headers, server } from "./server.js";

const me = await page.logIn();
const ward = await Wardseal.open({ ...(await server.config()), store: indexedDbStore(`files-${me}`) });
const user = ward.profile?.user ?? (await ward.signUp(me, server.signUp));
await server.join();
const session = (await server.session()) ?? (await server.begin(await ward.sessions.create({ manage: [user] })));

// A file is sealed piece by piece, in constant memory. What is sealed waits in this browser until the server has all of it.
async function add(file: File, signal: AbortSignal, progress: page.Progress) {
  const sealed = await ward.seal(session, file, { signal, onProgress: (bytes) => progress("Sealing", bytes, file.size) });
  await send(await outbox.add({ name: file.name, sealed }), signal, progress);
}

// A broken connection is taken up again by itself, and an upload that was cut off by a reload goes on where the server stands.
async function send(waiting: Waiting, signal: AbortSignal, progress: page.Progress) {
  try {
    await upload("/files", waiting.sealed, {
      headers,
      signal,
      resume: waiting.address,
      onBegin: (address) => outbox.keep({ ...waiting, address }),
      onProgress: (sent, size) => progress("Sending", sent, size ?? waiting.sealed.size),
    });
  } catch (error) {
    if (signal.aborted) await outbox.remove(waiting);
    if (!(error instanceof WardsealError && error.code === "upload_gone")) throw error;
    return send({ ...waiting, address: undefined }, signal, progress);
  }
  await outbox.remove(waiting);
}

// A few kilobytes travel to know what a file is and who wrote it; the rest when somebody wants it.
const files = new Map<string, Promise<Opened>>();
function open(address: string) {
  const opened = files.get(address) ?? httpSource(address, { headers }).then((source) => ward.open(source));
  files.set(address, opened);
  opened.catch(() => files.delete(address));
  return opened;
}

async function look() {
  const { names, addresses } = await server.box();
  const users = await ward.users.byName(names);
  const nameOf = (user: string) => names[users.indexOf(user)] ?? "somebody";
  const { recipients, right } = await ward.sessions.get(session);
  const opened = await Promise.all(addresses.map((address) => open(address).then((file) => ({ address, file }), () => undefined)));
  // Whatever was changed, or not sealed for this session, is no file of ours.
  const ours = opened.flatMap((one) => (one !== undefined && one.file.session === session ? [one] : []));
  page.show({
    manages: right === "manage",
    broken: opened.length - ours.length,
    people: recipients.map(({ id }) => ({ id, name: nameOf(id), mine: id === user })),
    files: ours.map(({ address, file }) => ({ address, name: file.name ?? "unnamed", size: file.size ?? 0, author: nameOf(file.author), time: file.time })),
  });
}

page.start({
  look,
  add,
  send,
  waiting: outbox.all,
  save: async (address) => (await open(address)).blob(),
  glance: async (address) => (await open(address)).range(0, 2000),
  remove: server.remove,
  letIn: async (name) => {
    const [friend] = await ward.users.byName([name]);
    await ward.sessions.grant(session, friend!, "read");
  },
  shutOut: async (user) => {
    await ward.sessions.revoke(session, [user]);
  },
});
server.onRing(page.look);

// Who is let in or removed is told at once. What he has no right to any more is dropped before he is.
for await (const _ of ward.changes()) await page.look();
