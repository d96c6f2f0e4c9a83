// Forms, cards and sentences. Nothing here knows of keys.
import { useId, useState, type FormEvent, type ReactNode } from "react";

import { sentence } from "../kit/page.js";

/** Who is logged in in this tab: two tabs can be two people. */
export const nameOfTab = () => sessionStorage.getItem("name") ?? "";

/** Says what went wrong. */
export function Alert({ error }: { error: Error | undefined }) {
  return <p role="alert">{error === undefined ? "" : sentence(error)}</p>;
}

export function Frame({ me, error, children }: { me?: string; error?: Error | undefined; children?: ReactNode }) {
  const leave = () => {
    sessionStorage.clear();
    location.reload();
  };
  return (
    <>
      <header>
        <h1>Comments</h1>
        {me !== undefined && (
          <p className="who">
            Signed in as <b>{me}</b> <button className="quiet" onClick={leave}>Leave</button>
          </p>
        )}
      </header>
      <Alert error={error} />
      <main>{children}</main>
    </>
  );
}

export function Card({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <section className="card narrow">
      {title !== undefined && <h2>{title}</h2>}
      <p>{children}</p>
    </section>
  );
}

/** Until there is something to show. */
export function Waiting({ me, error }: { me: string; error: Error | undefined }) {
  return (
    <Frame me={me} error={error}>
      {error === undefined && <Card>Opening…</Card>}
    </Frame>
  );
}

/** Runs work, and knows what went wrong with the last. */
export function useAttempt(): { attempt: (work: () => Promise<void>) => Promise<boolean>; error: Error | undefined } {
  const [error, setError] = useState<Error>();
  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      setError(undefined);
      return true;
    } catch (error) {
      setError(error as Error);
      return false;
    }
  };
  return { attempt, error };
}

/** One field and its button. The text stays when something went wrong. */
export function TextForm({ label, button, long = false, hint, first = false, onText }: { label: string; button: string; long?: boolean; hint?: string; first?: boolean; onText: (text: string) => Promise<void> }) {
  const id = useId();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const { attempt, error } = useAttempt();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || text.trim() === "") return;
    setBusy(true);
    if (await attempt(() => onText(text.trim()))) setText("");
    setBusy(false);
  };
  const field = { id, value: text, required: true, autoFocus: first };
  return (
    <form onSubmit={submit} className={long ? "long" : "short"}>
      <label htmlFor={id}>{label}</label>
      {long && (
        <textarea
          {...field}
          rows={3}
          maxLength={10_000}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.currentTarget.form?.requestSubmit()}
        />
      )}
      <div className={long ? "row end" : "row"}>
        {long ? <small>{hint}</small> : <input {...field} maxLength={40} autoCapitalize="none" spellCheck={false} autoComplete="off" onChange={(event) => setText(event.target.value)} />}
        <button className={long ? "main" : ""} disabled={busy}>{button}</button>
      </div>
      <Alert error={error} />
    </form>
  );
}

export function Login({ onName }: { onName: (name: string) => void }) {
  const take = async (name: string) => {
    sessionStorage.setItem("name", name.toLowerCase());
    onName(name.toLowerCase());
  };
  return (
    <section className="card narrow">
      <h2>Who are you?</h2>
      <p className="soft">This stands for the login of your application. Open a second tab to be somebody else.</p>
      <TextForm label="Name" button="Continue" first onText={take} />
    </section>
  );
}

export function Time({ at }: { at: Date }) {
  const text = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(at);
  return <time dateTime={at.toISOString()}>{text}</time>;
}
