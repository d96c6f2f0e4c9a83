// An encrypted comment box. Whoever is let in reads and writes; the server keeps what it cannot read.
import { Wardseal, indexedDbStore } from "@wardseal/sdk";

import * as page from "./page.js";
import { server } from "./server.js";

// The login of the application. Here it is a name; in yours it is what you have already.
const me = await page.logIn();

// The keys of this person are drawn in this browser and stay in it. The server signs that the name means them.
const ward = await Wardseal.open({ ...(await server.config()), store: indexedDbStore(`comments-${me}`) });
const user = ward.profile?.user ?? (await ward.signUp(me, server.signUp));

// All comments belong to one session. Whoever comes first makes it, and says who is let in.
await server.join();
const session = (await server.session()) ?? (await server.begin(await ward.sessions.create({ manage: [user] })));

// A text is sealed before it leaves the page.
async function write(text: string) {
  await server.keep(await ward.seal(session, text));
}

// Whoever is let in reads everything, and writes too.
async function letIn(name: string) {
  const [friend] = await ward.users.byName([name]);
  await ward.sessions.grant(session, friend!, "read");
}

// Whoever is removed can open nothing that is written from now on: the session has a new key.
async function remove(user: string) {
  await ward.sessions.revoke(session, [user]);
}

// What the server has is opened here. The author is a fact: he signed, and his name is bound to his keys.
async function look() {
  const { names, comments } = await server.box();
  const users = await ward.users.byName(names);
  const nameOf = (user: string) => names[users.indexOf(user)] ?? "somebody";
  const { recipients, right } = await ward.sessions.get(session);
  const results = await ward.openMany(comments);
  const opened = results.flatMap((result) => (result.ok && result.value.session === session ? [result.value] : []));
  page.show({
    manages: right === "manage",
    broken: comments.length - opened.length,
    people: recipients.map(({ id }) => ({ id, name: nameOf(id), mine: id === user })),
    comments: await Promise.all(opened.map(async (comment) => ({ author: nameOf(comment.author), time: comment.time, text: await comment.text() }))),
  });
}

page.start({ look, write, letIn, remove });
server.onRing(page.look);

// Who is let in or removed is told at once. What he has no right to any more is dropped before he is.
for await (const _ of ward.changes()) await page.look();
