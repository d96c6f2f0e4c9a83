import { useQueries, useQuery } from "@tanstack/react-query";

import { keys } from "../../api";
import { openBlob, useWard, type Content } from "../../ward";
import { readContent, type Read } from "./content";

/** What has to be opened: a blob, and the session for which it has to be sealed. */
export interface Sealed {
  readonly sealed: string;
  readonly session: string;
}

/**
 * Opens many contents of one kind: their keys are fetched in one request, their bytes in few. By the blob; those that are
 * not open (yet) are missing.
 */
export function useContents<K extends Exclude<Content["kind"], "answer">>(wanted: readonly Sealed[], kind: K): { readonly read: ReadonlyMap<string, Read>; readonly failed: ReadonlySet<string> } {
  const { ward } = useWard();
  const sessions = [...new Set(wanted.map(({ session }) => session))].toSorted();
  // Their keys come in one request instead of one for each; whatever is not among them is asked for by itself.
  const ready = useQuery({
    queryKey: ["sessions", sessions],
    queryFn: async () => {
      await ward.sessions.getMany(sessions.slice(0, 1000));
      return true;
    },
    enabled: sessions.length > 1,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const enabled = sessions.length <= 1 || !ready.isPending;
  return useQueries({
    queries: wanted.map(({ sealed, session }) => ({
      queryKey: keys.opened(sealed),
      queryFn: () => openBlob(ward, sealed, session, kind),
      staleTime: Number.POSITIVE_INFINITY,
      enabled,
    })),
    combine: (results) => {
      const read = new Map<string, Read>();
      const failed = new Set<string>();
      results.forEach((result, at) => {
        const blob = wanted[at]?.sealed;
        if (blob === undefined) return;
        if (result.data !== undefined) read.set(blob, readContent(result.data.content as Parameters<typeof readContent>[0]));
        else if (result.isError) failed.add(blob);
      });
      return { read, failed };
    },
  });
}
