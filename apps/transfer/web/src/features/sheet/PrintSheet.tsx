import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

import { useWard } from "../../ward";
import { useNow } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Answers } from "../content/content";
import type { Rules } from "../content/rules";
import { Glance, personOf } from "./Glance";
import { Sheet } from "./Sheet";
import { answerOf } from "./values";
import "./sheet.css";

export interface PrintSheetProps {
  readonly rules: Rules;
  /** The identifier of the case or request: what the sheet is called by. */
  readonly id: string;
  /** Who asks. */
  readonly from: string;
  readonly answers: Answers;
  readonly created: number;
}

/** Whether the page is being drawn for paper. */
function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const paper = matchMedia("print");
    // At once: the browser does not wait for what is drawn later.
    const set = (value: boolean) => (): void => flushSync(() => setPrinting(value));
    const [begin, end] = [set(true), set(false)];
    const changed = (): void => (paper.matches ? begin() : end());
    addEventListener("beforeprint", begin);
    addEventListener("afterprint", end);
    paper.addEventListener("change", changed);
    return () => {
      removeEventListener("beforeprint", begin);
      removeEventListener("afterprint", end);
      paper.removeEventListener("change", changed);
    };
  }, []);
  return printing;
}

/** Stage 1 on paper: without a name, with who printed it and when. In the page only while it is printed. */
export function PrintSheet(props: PrintSheetProps) {
  return usePrinting() ? <Paper {...props} /> : null;
}

function Paper({ rules, id, from, answers, created }: PrintSheetProps) {
  const i18n = useI18n();
  const { t, format } = i18n;
  const { me } = useWard();
  const now = useNow();
  return (
    <div className="print-only print-sheet">
      <header>
        <p className="print-title">{t("print.title")}</p>
        <p className="print-lead">{[answerOf(rules, answers, "careType", i18n), personOf(rules, answers, i18n)].filter((part) => part !== undefined && part !== "").join(" · ")}</p>
        <p>{t("print.from", { facility: from, date: format.date(created), id })}</p>
      </header>
      <Glance rules={rules} answers={answers} />
      <Sheet rules={rules} stage={1} answers={answers} />
      <footer>{t("print.by", { name: me.name, when: format.dateTime(now) })}</footer>
    </div>
  );
}
