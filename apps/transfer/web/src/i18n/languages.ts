import type en from "./en";
import type { Names, Translation } from "./messages";

/** Languages of the page. */
export const languages = ["en", "fr", "de"] as const;
export type Language = (typeof languages)[number];

/** Each language's own name. */
export const languageNames: Readonly<Record<Language, string>> = { en: "English", fr: "Français", de: "Deutsch" };

/** How dates and numbers are written. */
export const locales: Readonly<Record<Language, string>> = { en: "en-GB", fr: "fr-FR", de: "de-DE" };

export type English = typeof en;
export type Key = keyof English;
/** Keys whose texts want no values. */
export type PlainKey = { [K in Key]: [Names<English[K]>] extends [never] ? K : never }[Key];
export type Catalogue = Translation<English>;

/** One chunk for each language; only that of the reader is loaded. */
export const catalogues: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => (await import("./en")).default,
  fr: async () => (await import("./fr")).default,
  de: async () => (await import("./de")).default,
};

const KEPT = "wardseal.language";

function isLanguage(text: string | null | undefined): text is Language {
  return languages.some((language) => language === text);
}

/** The language chosen here before, or the first of the browser's that the page has. */
export function preferredLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (isLanguage(kept)) return kept;
  for (const tag of navigator.languages) {
    const language = tag.slice(0, 2).toLowerCase();
    if (isLanguage(language)) return language;
  }
  return "en";
}

/** Remembers a choice on this machine. */
export function keepLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
}
