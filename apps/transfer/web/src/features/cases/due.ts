import type { CaseRecord, RequestRecord } from "../../api";

/** What a case waits for, most pressing first. The list of cases is grouped by it. */
export const dues = ["question", "record", "offer", "silent", "unsent", "running", "moving", "hold", "over"] as const;
export type Due = (typeof dues)[number];

const OVER = new Set<CaseRecord["state"]>(["closed", "withdrawn", "deceased", "expired"]);
const MOVING = new Set<CaseRecord["state"]>(["chosen", "scheduled", "departed", "admitted"]);
/** States in which the facility has not answered yet. */
const UNANSWERED = new Set<RequestRecord["state"]>(["sent", "viewed", "in_review"]);
/** States in which the next word is expected from either side. */
export const OPEN = new Set<RequestRecord["state"]>(["sent", "viewed", "in_review", "info_needed", "interested", "disclosed", "offered", "waitlisted"]);
/** States in which a place is settled and the record has to follow, before the patient does. */
const SETTLED = new Set<RequestRecord["state"]>(["chosen", "in_transit"]);

/** Whether a facility has let more than half of its time go by without an answer. */
export function isSilent(request: RequestRecord, now: number): boolean {
  if (!UNANSWERED.has(request.state) || request.pausedSince !== null) return false;
  return now - request.created > (request.deadline - request.created) / 2;
}

/** Whether a facility waits for the full record. */
export function wantsRecord(request: RequestRecord): boolean {
  return request.state === "interested" || (SETTLED.has(request.state) && request.disclosure === null);
}

/** What a case waits for now. */
export function dueOf(record: CaseRecord, now: number): Due {
  if (OVER.has(record.state)) return "over";
  if (record.state === "on_hold") return "hold";
  const some = (test: (request: RequestRecord) => boolean): boolean => record.requests.some(test);
  if (some((request) => request.state === "info_needed")) return "question";
  if (some(wantsRecord)) return "record";
  if (MOVING.has(record.state)) return "moving";
  if (some((request) => request.state === "offered")) return "offer";
  if (some((request) => isSilent(request, now))) return "silent";
  return some((request) => OPEN.has(request.state)) ? "running" : "unsent";
}

/** The next deadline of a case: of the answers that are still awaited. */
export function nextDeadline(record: CaseRecord): number | undefined {
  const awaited = record.requests.filter((request) => UNANSWERED.has(request.state) && request.pausedSince === null);
  return awaited.length === 0 ? undefined : Math.min(...awaited.map((request) => request.deadline));
}

export interface Counts {
  readonly asked: number;
  readonly seen: number;
  readonly interested: number;
  readonly offers: number;
  readonly declined: number;
}

/** How many were asked, and what came of it. */
export function countsOf(record: CaseRecord): Counts {
  const count = (test: (request: RequestRecord) => boolean): number => record.requests.filter(test).length;
  return {
    asked: count((request) => request.state !== "draft"),
    seen: count((request) => request.events.some(({ state }) => state === "viewed")),
    interested: count(({ state }) => state === "interested" || state === "disclosed"),
    offers: count(({ state }) => state === "offered" || SETTLED.has(state)),
    declined: count(({ state }) => state === "declined" || state === "referred_onward" || state === "offer_withdrawn"),
  };
}

/** Cases by what they wait for; within, by deadline and then the oldest first. Groups without cases are left out. */
export function grouped(records: readonly CaseRecord[], now: number): readonly { readonly due: Due; readonly cases: readonly CaseRecord[] }[] {
  return dues.flatMap((due) => {
    const cases = records.filter((record) => dueOf(record, now) === due);
    if (cases.length === 0) return [];
    const order = (a: CaseRecord, b: CaseRecord): number =>
      due === "over" ? b.updated - a.updated : (nextDeadline(a) ?? Infinity) - (nextDeadline(b) ?? Infinity) || a.created - b.created;
    return [{ due, cases: cases.toSorted((a, b) => order(a, b) || 0) }];
  });
}
