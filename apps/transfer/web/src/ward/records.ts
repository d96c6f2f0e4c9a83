import type { QueryClient } from "@tanstack/react-query";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { Wardseal } from "@wardseal/sdk";

import { api } from "../api/client";
import { ApiError } from "../api/errors";
import { absorbCase, keys } from "../api/queries";
import type { CareFamily, CaseRecord, CaseUpdate, Urgency } from "../api/types";
import { ulid } from "../api/ulid";
import type { Answers, Content, WorkingCopy } from "./contents";
import { useWard } from "./context";
import { fetchBlob, openContent, sealContent, type OpenedContent } from "./sealed";

/**
 * Opens what a record refers to: `useContent(case.sealed, case.session, "case")`, `useContent(request.sealed,
 * request.session, "stage1")`. Kept in memory until the page is locked. `blob` may be absent.
 */
export function useContent<K extends Content["kind"]>(
  blob: string | undefined,
  session: string | undefined,
  kind: K,
): UseQueryResult<OpenedContent<Extract<Content, { kind: K }>>> {
  const { ward } = useWard();
  return useQuery({
    queryKey: keys.opened(blob ?? ""),
    enabled: blob !== undefined && session !== undefined,
    // A blob never changes: another version has another identifier.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => openBlob(ward, blob ?? "", session ?? "", kind),
  });
}

/** Fetches and opens a content. */
export async function openBlob<K extends Content["kind"]>(
  ward: Wardseal,
  blob: string,
  session: string,
  kind: K,
): Promise<OpenedContent<Extract<Content, { kind: K }>>> {
  return openContent(ward, await fetchBlob(blob), session, kind);
}

/** Seals a content and puts it; gives the blob's identifier. */
export async function putContent(ward: Wardseal, facility: string, session: string, content: Content): Promise<string> {
  const blob = ulid();
  await api.blobs.put(blob, facility, await sealContent(ward, session, content));
  return blob;
}

export interface CaseDraft {
  readonly facility: string;
  readonly urgency: Urgency;
  readonly family: CareFamily;
  readonly ready: boolean;
  readonly consent: boolean;
  readonly answers: Answers;
  readonly notes: string;
}

/** Makes a case: its two sessions, its working copy, its record. What fails half-way leaves nothing that anybody sees. */
export async function createCase(ward: Wardseal, client: QueryClient, draft: CaseDraft): Promise<CaseRecord> {
  const { facility, urgency, family, ready, consent, answers, notes } = draft;
  const session = await ward.sessions.create({ manage: [facility] });
  const documentsSession = await ward.sessions.create({ manage: [facility] });
  const sealed = await putContent(ward, facility, session, { kind: "case", answers, notes, documents: [] });
  const record = await api.cases.create({ id: ulid(), facility, urgency, family, ready, consent, session, documentsSession, sealed });
  absorbCase(client, record);
  return record;
}

/** Attempts to write a change over somebody else's. */
const ATTEMPTS = 4;

/**
 * Changes a case's working copy: opens the newest, applies `change`, seals and saves it. When somebody else was faster it
 * is done again on his version, so `change` should change no more than it means to. `more` goes into the record in clear.
 */
export async function changeCase(
  ward: Wardseal,
  client: QueryClient,
  id: string,
  change: (copy: WorkingCopy) => WorkingCopy,
  more: Omit<CaseUpdate, "version" | "sealed"> = {},
): Promise<CaseRecord> {
  for (let attempt = 1; ; attempt++) {
    const known = await api.cases.get(id);
    const { content } = await openBlob(ward, known.sealed, known.session, "case");
    const next = change(content);
    const sealed = next === content ? undefined : await putContent(ward, known.facility, known.session, next);
    try {
      const record = await api.cases.update(id, { version: known.version, ...more, ...(sealed === undefined ? {} : { sealed }) });
      absorbCase(client, record);
      return record;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "stale" || attempt === ATTEMPTS) throw error;
    }
  }
}
