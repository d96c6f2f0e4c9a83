import { describe, expect, test } from "vitest";

import { aFacility } from "../content/fixtures";
import { kilometres, matchOf, noFilter, passes, ranked, type Needs } from "./matching";

const STRASBOURG = { latitude: 48.5734, longitude: 7.7521 };
const needs: Needs = { family: "REHAB", capabilities: ["oxygen", "dialysis"], language: "fr", from: STRASBOURG };

describe("matching, in the page", () => {
  test("says what is missing and what is there", () => {
    const match = matchOf(aFacility({ capabilities: ["oxygen"], languages: ["de"] }), needs);
    expect(match).toMatchObject({ offers: true, able: ["oxygen"], missing: ["dialysis"], speaks: false, suits: false });
    expect(matchOf(aFacility({ capabilities: ["oxygen", "dialysis"] }), needs)).toMatchObject({ missing: [], speaks: true, suits: true });
    expect(matchOf(aFacility({ families: ["NURSING"], capabilities: ["oxygen", "dialysis"] }), needs)).toMatchObject({ offers: false, suits: false });
  });

  test("distances are those of the map", () => {
    // Strasbourg to Karlsruhe.
    expect(kilometres(STRASBOURG, { latitude: 49.0069, longitude: 8.4037 })).toBeCloseTo(68, 0);
    expect(matchOf(aFacility({ latitude: 0, longitude: 0 }), needs).distance).toBeUndefined();
  });

  test("those that suit come first, then the nearest", () => {
    const far = aFacility({ group: "far", capabilities: ["oxygen", "dialysis"], latitude: 50 });
    const near = aFacility({ group: "near", capabilities: ["oxygen", "dialysis"] });
    const unable = aFacility({ group: "unable", ...STRASBOURG });
    const other = aFacility({ group: "other", families: ["HOME"], ...STRASBOURG });
    expect(ranked([other, unable, far, near], needs).map(({ facility }) => facility.group)).toEqual(["near", "far", "unable", "other"]);
  });

  test("filters by words without accents, country, distance and fit", () => {
    const match = matchOf(aFacility({ name: "Haus am Münsterberg", city: "Breisach" }), needs);
    expect(passes(match, noFilter)).toBe(true);
    expect(passes(match, { ...noFilter, text: "munster breis" })).toBe(true);
    expect(passes(match, { ...noFilter, text: "munster kehl" })).toBe(false);
    expect(passes(match, { ...noFilter, country: "FR" })).toBe(false);
    expect(passes(match, { ...noFilter, within: 10 })).toBe(false);
    expect(passes(match, { ...noFilter, within: 50 })).toBe(true);
    expect(passes(match, { ...noFilter, suiting: true })).toBe(false);
    expect(passes(match, { ...noFilter, family: "HOME" })).toBe(false);
  });
});
