import type { RequestRecord, RequestState } from "../../api";

/** What a facility's requests wait for, in the order of the inbox. */
export const shelves = ["answer", "waiting", "coming", "done"] as const;
export type Shelf = (typeof shelves)[number];

const SHELVES: Readonly<Partial<Record<RequestState, Shelf>>> = {
  sent: "answer",
  viewed: "answer",
  in_review: "answer",
  disclosed: "answer",
  info_needed: "waiting",
  interested: "waiting",
  offered: "waiting",
  waitlisted: "waiting",
  chosen: "coming",
  in_transit: "coming",
};

export function shelfOf({ state }: Pick<RequestRecord, "state">): Shelf {
  return SHELVES[state] ?? "done";
}

/** An inbox: what has to be answered first, by deadline; what is done, newest first. */
export function shelved(requests: readonly RequestRecord[]): readonly { readonly shelf: Shelf; readonly requests: readonly RequestRecord[] }[] {
  return shelves.flatMap((shelf) => {
    const on = requests.filter((request) => request.state !== "draft" && shelfOf(request) === shelf);
    const order = (a: RequestRecord, b: RequestRecord): number => (shelf === "done" ? b.updated - a.updated : a.deadline - b.deadline) || a.id.localeCompare(b.id);
    return on.length === 0 ? [] : [{ shelf, requests: on.toSorted(order) }];
  });
}
