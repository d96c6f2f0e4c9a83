import { describe, expect, test } from "vitest";

import type { RequestRecord, RequestState } from "../../api";
import { NOW, aCase, aRequest } from "../content/fixtures";
import { rules } from "../content/test-rules";
import { revocationsOf, seesOf, sightOf } from "./access";
import { nextStep } from "./FacilityCard";

const disclosure: NonNullable<RequestRecord["disclosure"]> = { session: "ses_2", sealed: "01R", documents: [] };
const revocation = (over: Partial<{ request: string; group: string; done: number | null }> = {}) => ({ id: "01V", case: "01CASE", request: "01A", session: "ses_1", group: "grp_a", pending: null, created: NOW, done: null, ...over });

describe("who can see what", () => {
  test.each<[RequestState, boolean, ReturnType<typeof seesOf>]>([
    ["sent", false, "request"],
    ["interested", false, "request"],
    ["disclosed", true, "record"],
    ["offered", false, "request"],
    ["offered", true, "record"],
    ["declined", true, "request"],
    ["not_selected", true, "nothing"],
    ["cancelled", false, "nothing"],
    ["admitted", true, "record"],
  ])("%s, disclosed: %s", (state, disclosed, sees) => {
    expect(seesOf(rules, aRequest({ state, disclosure: disclosed ? disclosure : null }))).toBe(sees);
  });

  test("a name is listed once it can be opened, and the request without it too", () => {
    const record = aCase({
      requests: [
        aRequest({ id: "01A", to: "grp_a", state: "not_selected" }),
        aRequest({ id: "01B", to: "grp_b", state: "chosen", disclosure }),
        aRequest({ id: "01C", to: "grp_c", state: "viewed" }),
        aRequest({ id: "01D", to: "grp_d", state: "draft" }),
      ],
      revocations: [revocation(), revocation({ group: "grp_z", done: NOW })],
    });
    expect(sightOf(rules, record)).toEqual({ request: ["grp_c", "grp_b"], record: ["grp_b"], ending: ["grp_a"] });
    expect(revocationsOf(record, "01A").open).toBe(1);
    expect(revocationsOf(record, "01B").all).toEqual([]);
  });
});

describe("the one next step with a facility", () => {
  test.each<[RequestState, boolean, ReturnType<typeof nextStep>]>([
    ["sent", false, undefined],
    ["info_needed", false, "reply"],
    ["interested", false, "disclose"],
    ["disclosed", true, undefined],
    ["offered", true, "choose"],
    ["offered", false, "choose"],
    ["chosen", false, "disclose"],
    ["declined", false, undefined],
  ])("%s, disclosed: %s", (state, disclosed, step) => {
    expect(nextStep(aCase(), aRequest({ state, disclosure: disclosed ? disclosure : null }))).toBe(step);
  });

  test("the patient leaves once date and transport are agreed", () => {
    const chosen = aRequest({ state: "chosen", disclosure });
    expect(nextStep(aCase({ state: "chosen" }), chosen)).toBeUndefined();
    expect(nextStep(aCase({ state: "scheduled" }), chosen)).toBe("departed");
  });
});
