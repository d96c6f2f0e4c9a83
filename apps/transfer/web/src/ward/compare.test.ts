import { describe, expect, it } from "vitest";

import { comparisonNumber } from "./compare";

describe("a comparison number", () => {
  it("is four groups of five digits, another for another identity", async () => {
    const one = await comparisonNumber("usr_1");
    expect(one).toMatch(/^\d{5} \d{5} \d{5} \d{5}$/);
    expect(await comparisonNumber("usr_1")).toBe(one);
    expect(await comparisonNumber("usr_2")).not.toBe(one);
  });
});
