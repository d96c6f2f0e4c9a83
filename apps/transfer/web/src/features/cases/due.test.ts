import { describe, expect, test } from "vitest";

import type { CaseRecord, RequestRecord } from "../../api";
import { HOUR, NOW, aCase, aRequest } from "../content/fixtures";
import { countsOf, dueOf, grouped, isSilent, nextDeadline, type Due } from "./due";

const withRequests = (requests: readonly Partial<RequestRecord>[], over: Partial<CaseRecord> = {}): CaseRecord =>
  aCase({ ...over, requests: requests.map((request, at) => aRequest({ id: `01REQ${at}`, ...request })) });

describe("what a case waits for", () => {
  test.each<[Due, CaseRecord]>([
    ["unsent", aCase({ state: "draft" })],
    ["running", withRequests([{}])],
    ["silent", withRequests([{ created: NOW - 5 * HOUR }])],
    ["offer", withRequests([{ state: "offered" }, { created: NOW - 5 * HOUR }], { state: "offers" })],
    ["record", withRequests([{ state: "offered" }, { state: "interested" }], { state: "offers" })],
    ["question", withRequests([{ state: "interested" }, { state: "info_needed", pausedSince: NOW }])],
    ["record", withRequests([{ state: "chosen" }], { state: "chosen" })],
    ["moving", withRequests([{ state: "chosen", disclosure: { session: "ses_2", sealed: "01R", documents: [] } }], { state: "chosen" })],
    ["hold", withRequests([{ state: "offered" }], { state: "on_hold" })],
    ["over", withRequests([{ state: "interested" }], { state: "withdrawn" })],
    // Everybody has refused: somebody has to be asked.
    ["unsent", withRequests([{ state: "declined" }, { state: "expired" }])],
  ])("%s", (due, record) => {
    expect(dueOf(record, NOW)).toBe(due);
  });

  test("a clock that stands still is not silence", () => {
    const old = aRequest({ created: NOW - 5 * HOUR });
    expect(isSilent(old, NOW)).toBe(true);
    expect(isSilent({ ...old, pausedSince: NOW - HOUR }, NOW)).toBe(false);
  });

  test("the next deadline is that of an awaited answer", () => {
    expect(nextDeadline(withRequests([{ state: "declined", deadline: 1 }, { deadline: 3 }, { deadline: 2 }]))).toBe(2);
    expect(nextDeadline(withRequests([{ state: "declined", deadline: 1 }]))).toBeUndefined();
  });

  test("the most pressing group comes first, the nearest deadline first in it", () => {
    const late = withRequests([{ deadline: NOW + 9 * HOUR }], { id: "late" });
    const soon = withRequests([{ deadline: NOW + 3 * HOUR }], { id: "soon" });
    const asked = withRequests([{ state: "info_needed" }], { id: "asked" });
    const groups = grouped([late, soon, asked], NOW).map(({ due, cases }) => [due, cases.map(({ id }) => id)]);
    expect(groups).toEqual([
      ["question", ["asked"]],
      ["running", ["soon", "late"]],
    ]);
  });

  test("counts what came of the requests", () => {
    const seen = [{ state: "viewed", at: 1, by: null, side: "receiver" }] as const;
    expect(countsOf(withRequests([{}, { state: "viewed", events: seen }, { state: "interested", events: seen }, { state: "offered", events: seen }, { state: "declined", events: seen }]))).toEqual({
      asked: 5,
      seen: 4,
      interested: 1,
      offers: 1,
      declined: 1,
    });
  });
});
