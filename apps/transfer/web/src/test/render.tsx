import { QueryClientProvider } from "@tanstack/react-query";
import { act, render, type RenderResult } from "@testing-library/react";
import axe from "axe-core";
import { Suspense, type ReactNode } from "react";

import { createQueryClient } from "../api/queries";
import { I18nProvider, load } from "../i18n/context";
import type { Language } from "../i18n/languages";

/** Draws something in a language, with its texts there already. */
export async function renderIn(language: Language, children: ReactNode): Promise<RenderResult> {
  await load(language);
  let drawn: RenderResult | undefined;
  await act(async () => {
    drawn = render(
      <Suspense fallback={null}>
        <I18nProvider initial={language}>
          <QueryClientProvider client={createQueryClient()}>{children}</QueryClientProvider>
        </I18nProvider>
      </Suspense>,
    );
  });
  if (drawn === undefined) throw new Error("nothing was drawn");
  return drawn;
}

/** What axe finds wrong with what is drawn: rules of WCAG 2.2 AA that need no layout. */
export async function violations(root: Element): Promise<string[]> {
  const found = await axe.run(root, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], rules: { "color-contrast": { enabled: false } } });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
