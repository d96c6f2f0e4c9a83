import { screen } from "@testing-library/react";
import { describe, expect, test } from "vitest";

import { translator } from "../../i18n/context";
import english from "../../i18n/en";
import { languages } from "../../i18n/languages";
import { renderIn, violations } from "../../test/render";
import { complete, identity, rules } from "../content/test-rules";
import { Glance, flagsOf } from "./Glance";
import { Sheet } from "./Sheet";

describe("a request at a glance", () => {
  test("a German reads what a Frenchwoman coded", async () => {
    await renderIn("de", <Glance rules={rules} answers={complete} />);
    const flags = screen.getByRole("list", { name: "Besonderheiten" });
    expect(flags.textContent).toContain("Kontaktisolation");
    expect(flags.textContent).toContain("Sauerstoff");
    expect(flags.textContent).toContain("MRSA");
    expect(document.body.textContent).toContain("Hüftnahe Fraktur");
    expect(document.body.textContent).toContain("Barthel-Index 45");
  });

  test("what is absent is no flag", () => {
    const label = (labels: { en: string }): string => labels.en;
    const t = translator("en", english);
    expect(flagsOf(rules, { isolation: "none", risks: ["none"], equipment: ["none"], behaviour: ["none"] }, { label, t })).toEqual([]);
    expect(flagsOf(rules, complete, { label, t }).map(({ id }) => id)).toEqual(["isolation", "germs.mrsa", "risks", "equipment.oxygen"]);
  });
});

describe("the sheet", () => {
  test("shows its stage and no other", async () => {
    await renderIn("en", <Sheet rules={rules} stage={1} answers={{ ...complete, ...identity }} />);
    expect(document.body.textContent).not.toContain("TEST");
    expect(document.body.textContent).toContain("Geriatric rehabilitation");
    expect(document.body.textContent).toContain("2 L/min");
  });

  test("words of others are words, not markup", async () => {
    const { container } = await renderIn("en", <Sheet rules={rules} stage={2} answers={{ ...identity, medication: "<img src=x onerror=alert(1)>" }} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toContain("<img src=x");
  });

  test.each(languages)("axe finds nothing in %s", async (language) => {
    const { container } = await renderIn(
      language,
      <>
        <h2>–</h2>
        <Glance rules={rules} answers={complete} />
        <Sheet rules={rules} stage={2} answers={{ ...complete, ...identity }} />
      </>,
    );
    expect(await violations(container)).toEqual([]);
  });
});
