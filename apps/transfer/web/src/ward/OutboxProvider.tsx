import { useQueryClient } from "@tanstack/react-query";
import { createContext, use, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";

import { useWard } from "./context";
import { openNotes } from "./notes";
import { Outbox, type JobView } from "./outbox";

const Context = createContext<Outbox | undefined>(undefined);
const notes = openNotes();

/** Keeps what has to arrive going while somebody is signed in. */
export function OutboxProvider({ children }: { readonly children: ReactNode }) {
  const { ward, me } = useWard();
  const client = useQueryClient();
  const [outbox, setOutbox] = useState<Outbox>();
  useEffect(() => {
    const next = new Outbox(ward, me.user, client, notes);
    const online = (): void => next.retry();
    addEventListener("online", online);
    setOutbox(next);
    return () => {
      removeEventListener("online", online);
      next.stop();
    };
  }, [ward, me.user, client]);
  if (outbox === undefined) return null;
  return <Context value={outbox}>{children}</Context>;
}

/** What has to arrive: `outbox.send(…)`, `disclose`, `upload`, `cancel`, `retry`. */
export function useOutbox(): Outbox {
  const outbox = use(Context);
  if (outbox === undefined) throw new Error("useOutbox is for what stands inside an OutboxProvider");
  return outbox;
}

/** The jobs that are under way, of one case or of all. */
export function useJobs(of?: string): readonly JobView[] {
  const outbox = useOutbox();
  const views = useSyncExternalStore(outbox.subscribe, () => outbox.views);
  return of === undefined ? views : views.filter((view) => view.case === of);
}
