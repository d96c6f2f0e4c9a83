import { describe, expect, it } from "vitest";

import { GROUPS, groupsOf, isGroup, wrongGroup } from "./code-text";

const CODE = "ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345-6789-AB";

describe("a recovery code", () => {
  it("has its groups, however it is written", () => {
    expect(groupsOf(CODE)).toHaveLength(GROUPS);
    expect(groupsOf(CODE.toLowerCase().replaceAll("-", " "))).toEqual(groupsOf(CODE));
    expect(groupsOf(CODE).at(-1)).toBe("AB");
  });

  it("is looked at before it is tried", () => {
    expect(wrongGroup(CODE)).toBeUndefined();
    expect(wrongGroup(CODE.slice(0, -1))).toBe("short");
    expect(wrongGroup(`${CODE}C`)).toBe("short");
    expect(wrongGroup(CODE.replace("K", "U"))).toBe(3);
    expect(wrongGroup(CODE.replace("Z", "é"))).toBe(6);
  });

  it("was read right also where letters look like digits", () => {
    expect(isGroup("YZ01", "yzoi")).toBe(true);
    expect(isGroup("YZ01", "YZ10")).toBe(false);
    expect(isGroup("YZ01", "")).toBe(false);
  });
});
