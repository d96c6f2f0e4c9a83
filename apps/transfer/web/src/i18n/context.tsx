import { createContext, use, useCallback, useEffect, useMemo, useState, useTransition, type ReactNode } from "react";
import { I18nProvider as AriaI18nProvider } from "react-aria-components";

import { formatOf, type Format } from "./format";
import { catalogues, keepLanguage, locales, type Catalogue, type English, type Key, type Language } from "./languages";
import { fill, type Values } from "./messages";

/** A text in the reader's language. Keys and the values that they want are checked when the page is built. */
export type Translate = <K extends Key>(key: K, ...values: Values<English[K]>) => string;

/** The same words in each language, as the rules have them. */
export type Labels = Readonly<Record<Language, string>>;

export interface I18n {
  readonly language: Language;
  readonly locale: string;
  readonly setLanguage: (language: Language) => void;
  readonly t: Translate;
  /** One of the labels that come with the rules. */
  readonly label: (labels: Labels) => string;
  readonly format: Format;
}

const Context = createContext<I18n | undefined>(undefined);

/** The texts of a language, for tests and for what is outside React. */
export function translator(language: Language, catalogue: Catalogue): Translate {
  return (key, ...values) => fill(catalogue[key], values[0] ?? {}, locales[language]);
}

const loaded = new Map<Language, Promise<Catalogue>>();

/** The texts of a language, loaded once. */
export function load(language: Language): Promise<Catalogue> {
  const known = loaded.get(language);
  if (known !== undefined) return known;
  const loading = catalogues[language]();
  loading.catch(() => loaded.delete(language));
  loaded.set(language, loading);
  return loading;
}

/** Gives everything beneath it a language. Suspends while its texts are loaded. */
export function I18nProvider({ initial, children }: { readonly initial: Language; readonly children: ReactNode }) {
  const [language, setState] = useState(initial);
  const [, startTransition] = useTransition();
  const catalogue = use(load(language));
  const setLanguage = useCallback((next: Language) => {
    keepLanguage(next);
    startTransition(() => setState(next));
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<I18n>(
    () => ({
      language,
      locale: locales[language],
      setLanguage,
      t: translator(language, catalogue),
      label: (labels) => labels[language],
      format: formatOf(locales[language]),
    }),
    [language, catalogue, setLanguage],
  );
  return (
    <AriaI18nProvider locale={value.locale}>
      <Context value={value}>{children}</Context>
    </AriaI18nProvider>
  );
}

/** The reader's language: `t` for texts, `label` for those of the rules, `format` for dates and numbers. */
export function useI18n(): I18n {
  const value = use(Context);
  if (value === undefined) throw new Error("useI18n is for what stands inside an I18nProvider");
  return value;
}
