// An encrypted comment box. Whoever is let in reads and writes; the server keeps what it cannot read.
import { useOpened, useProfile, useSeal, useSession, useWardseal, WardsealProvider } from "@wardseal/react";
import { indexedDbStore, type Session } from "@wardseal/sdk";
import { StrictMode, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";

import { Alert, Card, Frame, Login, nameOfTab, TextForm, Time, useAttempt, Waiting } from "./parts.js";
import { server, useBox, type Box } from "./server.js";

/** Opens the client of whoever is logged in. */
function App() {
  const [me, setMe] = useState(nameOfTab);
  const { box, error } = useBox(me);
  if (me === "") return <Frame><Login onName={setMe} /></Frame>;
  if (box === undefined) return <Waiting me={me} error={error} />;
  const { tenant, keys, vault } = box.config;
  return (
    <WardsealProvider options={{ tenant, keys, vault, store: indexedDbStore(`react-${me}`) }} fallback={({ error }) => <Waiting me={me} error={error} />}>
      <Gate me={me} box={box} />
    </WardsealProvider>
  );
}

/** Whoever comes for the first time gets keys, and whoever is the very first makes the session. */
function Gate({ me, box }: { me: string; box: Box }) {
  const ward = useWardseal();
  const profile = useProfile();
  const { attempt, error } = useAttempt();
  const user = profile.data?.user;
  const { session } = box;
  const begun = useRef("");
  useEffect(() => {
    const step = profile.status !== "ready" ? "" : user === undefined ? "sign up" : session === undefined ? "begin" : "";
    // StrictMode runs effects twice; nobody signs up twice.
    if (step === begun.current) return;
    begun.current = step;
    void attempt(async () => {
      if (step === "sign up") {
        await ward.signUp(me, server.signUp);
        await server.join();
        profile.reload();
      } else if (step === "begin") {
        await server.begin(await ward.sessions.create({ manage: [user!] }));
      }
    });
  });
  if (user === undefined || session === undefined) return <Waiting me={me} error={error} />;
  return <Comments me={me} user={user} session={session} box={box} />;
}

function Comments({ me, user, session, box }: { me: string; user: string; session: string; box: Box }) {
  const access = useSession(session);
  const { seal } = useSeal(session);
  if (access.data === undefined) {
    if (access.error?.code !== "no_access") return <Waiting me={me} error={access.error} />;
    return <Frame me={me}><Card title="You are not on the list">Ask somebody who manages it to type your name. This page opens by itself as soon as that is done.</Card></Frame>;
  }
  return (
    <Frame me={me} error={access.error}>
      <section id="inside">
        <div className="card">
          {box.comments.length === 0 && <p className="soft">Nobody has written anything yet.</p>}
          <ol id="comments" aria-label="Comments" aria-live="polite">
            {box.comments.map((sealed, at) => <Comment key={at} sealed={sealed} session={session} names={box.names} />)}
          </ol>
          <TextForm label="Your comment" button="Send" long hint="Sealed in this browser. The server cannot read it." onText={async (text) => server.keep(await seal(text))} />
        </div>
        <People user={user} session={access.data} names={box.names} />
      </section>
    </Frame>
  );
}

function Comment({ sealed, session, names }: { sealed: Uint8Array<ArrayBuffer>; session: string; names: readonly string[] }) {
  const comment = useOpened(sealed, { as: "text" });
  const nameOf = useNames(names);
  if (comment.status === "loading") return <li className="soft">…</li>;
  if (comment.data?.session !== session) return <li className="soft">1 more cannot be opened: changed on the way, or not sealed for this list.</li>;
  const { author, time, content } = comment.data;
  return (
    <li className="comment">
      <p className="by"><b>{nameOf(author)}</b> <Time at={time} /></p>
      <p className="text">{content}</p>
    </li>
  );
}

function People({ user, session, names }: { user: string; session: Session; names: readonly string[] }) {
  const ward = useWardseal();
  const nameOf = useNames(names);
  const { attempt, error } = useAttempt();
  const manages = session.right === "manage";
  const letIn = async (name: string) => {
    const [friend] = await ward.users.byName([name.toLowerCase()]);
    await ward.sessions.grant(session.id, friend!, "read");
  };
  return (
    <aside className="card" aria-labelledby="list">
      <h2 id="list">Who can read this</h2>
      <Alert error={error} />
      <ul id="people">
        {session.recipients.map(({ id }) => (
          <li key={id} className="person">
            {nameOf(id)} {id === user && "(you)"}
            {manages && id !== user && (
              <button className="quiet" aria-label={`Remove ${nameOf(id)}`} onClick={() => attempt(() => ward.sessions.revoke(session.id, [id]))}>
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
      {manages && <TextForm label="Let somebody in" button="Add" onText={letIn} />}
    </aside>
  );
}

/** Gives the name of a user. The server says which names there are; whose they are is verified here. */
function useNames(names: readonly string[]): (user: string) => string {
  const ward = useWardseal();
  const [users, setUsers] = useState<readonly string[]>([]);
  useEffect(() => {
    let current = true;
    ward.users.byName(names).then((users) => current && setUsers(users), () => undefined);
    return () => {
      current = false;
    };
  }, [ward, names]);
  return (user) => names[users.indexOf(user)] ?? "…";
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
