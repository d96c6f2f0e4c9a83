import type { CaseRecord, RequestRecord, Revocation } from "../../api";
import type { Rules } from "../content/rules";

/** What a facility can open of a case, by the state of its request and by what was disclosed to it. */
export type Sees = "nothing" | "request" | "record";

export function seesOf(rules: Rules, request: RequestRecord): Sees {
  const { access } = rules.requestState(request.state);
  if (access === "record" && request.disclosure === null) return "request";
  // A question can take back the state, not the record.
  return access;
}

/** Revocations of one request: how many there are, and how many are signed. */
export function revocationsOf(record: CaseRecord, request: string): { readonly all: readonly Revocation[]; readonly open: number } {
  const all = record.revocations.filter((revocation) => revocation.request === request);
  return { all, open: all.filter(({ done }) => done === null).length };
}

/** Who can see what now: groups of facilities. */
export interface Sight {
  readonly request: readonly string[];
  readonly record: readonly string[];
  /** Those whose access has ended for the server, while the signature that ends it for good is on its way. */
  readonly ending: readonly string[];
}

export function sightOf(rules: Rules, record: CaseRecord): Sight {
  const seeing = (what: Sees): string[] => record.requests.filter((request) => request.state !== "draft" && seesOf(rules, request) === what).map(({ to }) => to);
  const full = seeing("record");
  return {
    request: [...seeing("request"), ...full],
    record: full,
    ending: [...new Set(record.revocations.filter(({ done }) => done === null).map(({ group, request }) => group ?? record.requests.find(({ id }) => id === request)?.to ?? ""))],
  };
}
