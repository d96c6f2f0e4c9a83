import { expect, test } from "vitest";

import { HOUR, NOW, aRequest } from "../content/fixtures";
import { shelved } from "./order";

test("what has to be answered comes first, by deadline; what is done comes last, newest first", () => {
  const requests = [
    aRequest({ id: "done-old", state: "not_selected", updated: NOW - HOUR }),
    aRequest({ id: "later", deadline: NOW + 9 * HOUR }),
    aRequest({ id: "coming", state: "chosen" }),
    aRequest({ id: "offered", state: "offered" }),
    aRequest({ id: "soon", state: "disclosed", deadline: NOW + HOUR }),
    aRequest({ id: "done-new", state: "declined", updated: NOW }),
  ];
  expect(shelved(requests).map(({ shelf, requests: on }) => [shelf, on.map(({ id }) => id)])).toEqual([
    ["answer", ["soon", "later"]],
    ["waiting", ["offered"]],
    ["coming", ["coming"]],
    ["done", ["done-new", "done-old"]],
  ]);
});

test("a facility does not see drafts", () => {
  expect(shelved([aRequest({ state: "draft" })])).toEqual([]);
});
