import { useQueries, useQueryClient } from "@tanstack/react-query";
import type { Wardseal } from "@wardseal/sdk";
import { useEffect, useMemo, useRef } from "react";

import { api } from "../api/client";
import { keys } from "../api/queries";
import type { Revocation } from "../api/types";
import { useWard } from "./context";

/** Milliseconds before revocations that failed are tried again. */
const AGAIN = 15_000;

/** Signs one revocation and tells the server. Done before is done. */
export async function revoke(ward: Wardseal, { id, session, group, pending }: Revocation): Promise<void> {
  const { recipients } = await ward.sessions.get(session);
  // What waited in escrow is a recipient of its own until the facility has claimed it.
  const gone = [group, pending].filter((each) => each !== null && recipients.some((recipient) => recipient.id === each)) as string[];
  if (gone.length > 0) await ward.sessions.revoke(session, gone);
  await api.revocations.done(id);
}

/**
 * Signs what the server has queued when one facility was chosen: the others' access ends. The queue is the server's, so
 * it survives this page; any member of the facility who is signed in works on it, one tab at a time.
 */
export function useRevocationWork(): void {
  const { ward, me } = useWard();
  const client = useQueryClient();
  const lists = useQueries({
    queries: me.facilities.map(({ group }) => ({ queryKey: keys.revocations(group), queryFn: ({ signal }: { signal: AbortSignal }) => api.revocations.list(group, signal) })),
  });
  const open = useMemo(() => lists.flatMap(({ data }) => (data ?? []).filter(({ done }) => done === null)), [lists]);
  const names = open.map(({ id }) => id).join();
  const latest = useRef(open);
  latest.current = open;

  useEffect(() => {
    if (names === "") return;
    let stopped = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const work = async (): Promise<void> => {
      let failed = false;
      for (const each of latest.current) {
        if (stopped) return;
        try {
          await revoke(ward, each);
        } catch {
          // Shown as open until it is done; another member may be able to.
          failed = true;
        }
        void client.invalidateQueries({ queryKey: keys.case(each.case) });
      }
      void client.invalidateQueries({ queryKey: ["revocations"] });
      void client.invalidateQueries({ queryKey: ["cases"] });
      if (failed && !stopped) timer = setTimeout(turn, AGAIN);
    };
    const turn = (): void => {
      const locks = globalThis.navigator?.locks as LockManager | undefined;
      if (locks === undefined) void work();
      else void locks.request("wardseal/revocations", async () => (stopped ? undefined : work()));
    };
    turn();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [names, ward, client]);
}
