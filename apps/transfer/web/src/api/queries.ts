import { QueryClient, useQuery, type UseQueryResult } from "@tanstack/react-query";

import { api } from "./client";
import { ApiError } from "./errors";
import type { CaseRecord, Facility, RequestRecord, Revocation, ServerEvent } from "./types";

/** Where answers are kept in the query client. */
export const keys = {
  config: ["config"] as const,
  facilities: ["facilities"] as const,
  cases: (facility: string) => ["cases", facility] as const,
  case: (id: string) => ["case", id] as const,
  requests: (facility: string) => ["requests", facility] as const,
  request: (id: string) => ["request", id] as const,
  revocations: (facility: string) => ["revocations", facility] as const,
  /** Content that was opened here. Dropped when the page is locked. */
  opened: (blob: string) => ["opened", blob] as const,
  devices: ["devices"] as const,
  group: (id: string) => ["group", id] as const,
  /** Ways back in: what there is, and whether it works. */
  methods: ["recovery", "methods"] as const,
  checks: ["recovery", "checks"] as const,
  recoveries: ["recovery", "events"] as const,
  pendingRecoveries: ["recovery", "pending"] as const,
  shares: ["recovery", "shares"] as const,
  /** Members who ask for help, and those who begin anew. */
  help: ["help"] as const,
  restarts: (facility: string) => ["restarts", facility] as const,
};

/** Keeps what the server said. In memory only; emptied when the page is locked. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 10 * 60_000,
        refetchOnWindowFocus: true,
        retry: (failures, error) => failures < 3 && (!(error instanceof ApiError) || error.retryable),
        retryDelay: (attempt) => Math.min(1000 * 2 ** attempt, 8000),
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}

/** What a facility is asked by: its group, or its identifier while it has none. */
export function addressOf({ group, identifier }: Pick<Facility, "group" | "identifier">): string {
  return group ?? identifier ?? "";
}

/** Whether a facility is meant by what a request is addressed to: an identifier stays right after it has registered. */
export function isMeant({ group, identifier }: Pick<Facility, "group" | "identifier">, to: string): boolean {
  return group === to || identifier === to;
}

/** The public directory. */
export function useFacilities(): UseQueryResult<readonly Facility[]> {
  return useQuery({ queryKey: keys.facilities, queryFn: ({ signal }) => api.facilities(signal), staleTime: 5 * 60_000 });
}

/** The cases that a facility sends, newest first. All pages. */
export function useCases(facility: string): UseQueryResult<readonly CaseRecord[]> {
  return useQuery({
    queryKey: keys.cases(facility),
    queryFn: async ({ signal }) => {
      const all: CaseRecord[] = [];
      for (;;) {
        const page = await api.cases.list(facility, all.at(-1)?.id, signal);
        all.push(...page);
        if (page.length < PAGE) return all;
      }
    },
  });
}

/** Records on one page of a list. */
const PAGE = 100;

export function useCase(id: string): UseQueryResult<CaseRecord> {
  return useQuery({ queryKey: keys.case(id), queryFn: ({ signal }) => api.cases.get(id, signal) });
}

/** A facility's inbox, by deadline. */
export function useRequests(facility: string): UseQueryResult<readonly RequestRecord[]> {
  return useQuery({ queryKey: keys.requests(facility), queryFn: ({ signal }) => api.requests.list(facility, signal) });
}

export function useRequest(id: string): UseQueryResult<RequestRecord> {
  return useQuery({ queryKey: keys.request(id), queryFn: ({ signal }) => api.requests.get(id, signal) });
}

/** Revocations that this facility's clients still have to sign. */
export function useRevocations(facility: string): UseQueryResult<readonly Revocation[]> {
  return useQuery({ queryKey: keys.revocations(facility), queryFn: ({ signal }) => api.revocations.list(facility, signal) });
}

/** Takes in a record that the server answered a change with, wherever it is shown. */
export function absorbCase(client: QueryClient, record: CaseRecord): void {
  const newer = (known: CaseRecord | undefined): CaseRecord => (known !== undefined && known.version > record.version ? known : record);
  client.setQueryData<CaseRecord>(keys.case(record.id), newer);
  client.setQueryData<readonly CaseRecord[]>(keys.cases(record.facility), (known) =>
    known === undefined ? undefined : known.some(({ id }) => id === record.id) ? known.map((each) => (each.id === record.id ? newer(each) : each)) : [record, ...known],
  );
}

/** The same for a request. The case that it belongs to is asked for again. */
export function absorbRequest(client: QueryClient, record: RequestRecord): void {
  const newer = (known: RequestRecord | undefined): RequestRecord => (known !== undefined && known.version > record.version ? known : record);
  client.setQueryData<RequestRecord>(keys.request(record.id), newer);
  client.setQueryData<readonly RequestRecord[]>(keys.requests(record.to), (known) => known?.map((each) => (each.id === record.id ? newer(each) : each)));
  void client.invalidateQueries({ queryKey: keys.case(record.case) });
  void client.invalidateQueries({ queryKey: keys.cases(record.from) });
}

/** Asks again for what an event says has changed. */
export function onServerEvent(client: QueryClient, event: ServerEvent): void {
  const stale = (key: readonly unknown[]): void => void client.invalidateQueries({ queryKey: key });
  if (event.kind === "help") return stale(keys.help);
  if (event.case !== "") stale(keys.case(event.case));
  stale(["cases"]);
  if (event.kind === "case") stale(keys.case(event.id));
  if (event.kind === "request") {
    stale(keys.request(event.id));
    stale(["requests"]);
  }
  if (event.kind !== "request") stale(["revocations"]);
}
