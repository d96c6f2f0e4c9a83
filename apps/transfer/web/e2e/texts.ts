// The words of the page and of the rules, from where the page has them: a test says which text, not how it is worded.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import * as engine from "../src/generated/rules/rules.js";
import de from "../src/i18n/de/index";
import en from "../src/i18n/en/index";
import fr from "../src/i18n/fr/index";
import { locales, type English, type Key, type Language } from "../src/i18n/languages";
import { fill, type Values } from "../src/i18n/messages";

engine.initSync({ module: readFileSync(fileURLToPath(new URL("../src/generated/rules/rules_bg.wasm", import.meta.url))) });

/** The rules as the page has them. */
export const rules = engine.catalogue();
export type { Field } from "../src/generated/rules/rules.js";
export { languages, locales, type Language } from "../src/i18n/languages";

const catalogues = { en, fr, de };

export type Translate = <K extends Key>(key: K, ...values: Values<English[K]>) => string;

/** The texts of a language. */
export function textsIn(language: Language): Translate {
  return (key, ...values) => fill(catalogues[language][key], values[0] ?? {}, locales[language]);
}

/** A row of the rules, by its code. */
export function coded<T extends { readonly code: string }>(rows: readonly T[], code: string): T {
  const found = rows.find((row) => row.code === code);
  if (found === undefined) throw new Error(`the rules do not know ${code}`);
  return found;
}
