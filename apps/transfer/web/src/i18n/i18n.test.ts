import { describe, expect, it } from "vitest";

import de from "./de";
import en from "./en";
import { formatOf } from "./format";
import fr from "./fr";
import { fill, type Message, type Messages } from "./messages";

const forms = (message: Message): string[] => (typeof message === "string" ? [message] : [message.one, message.other]);
const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();

describe.each([
  ["fr", fr as Messages],
  ["de", de as Messages],
])("texts in %s", (_, catalogue) => {
  it.each(Object.entries(en as Messages))("%s says as much as the English", (key, english) => {
    const translated = catalogue[key];
    expect(translated).toBeDefined();
    if (translated === undefined) return;
    expect(typeof translated).toBe(typeof english);
    const wanted = names(forms(english).at(-1) ?? "");
    expect(names(forms(translated).at(-1) ?? "")).toEqual(wanted);
    for (const form of forms(translated)) expect(form.trim()).not.toBe("");
  });

  it("has no text that English has not", () => {
    expect(Object.keys(catalogue).filter((key) => !(key in en))).toEqual([]);
  });
});

describe("fill", () => {
  it("counts, and writes numbers as the language does", () => {
    const message = { one: "{n} document", other: "{n} documents" };
    expect(fill(message, { n: 1 }, "en-GB")).toBe("1 document");
    expect(fill(message, { n: 0 }, "en-GB")).toBe("0 documents");
    // In French nothing is singular.
    expect(fill(message, { n: 0 }, "fr-FR")).toBe("0 document");
    expect(fill(message, { n: 12_345 }, "de-DE")).toBe("12.345 documents");
  });

  it("leaves values alone, whatever they contain", () => {
    expect(fill("{name} – {when}", { name: "{when}", when: "$&" }, "en-GB")).toBe("{when} – $&");
  });
});

describe("format", () => {
  it("writes a day without a time as the same day everywhere", () => {
    expect(formatOf("de-DE").date("2026-12-24")).toBe("24.12.2026");
    expect(formatOf("fr-FR").date("2026-12-24")).toBe("24/12/2026");
    expect(formatOf("en-GB").date("no date")).toBe("");
  });

  it("says how long something is", () => {
    const { relative, bytes } = formatOf("en-GB");
    expect(relative(3 * 3_600_000, 0)).toBe("in 3 hours");
    expect(relative(0, 5 * 60_000)).toBe("5 minutes ago");
    expect(relative(0, 2 * 86_400_000)).toBe("2 days ago");
    expect(relative(10_000, 0)).toBe("this minute");
    expect(bytes(999)).toBe("999 bytes");
    expect(bytes(1_500)).toBe("1.5 kB");
    expect(bytes(41_943_040)).toBe("42 MB");
  });
});
