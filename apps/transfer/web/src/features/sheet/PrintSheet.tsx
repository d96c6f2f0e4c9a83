import { useWard } from "../../ward";
import { useNow } from "../../design";
import { useI18n } from "../../i18n/context";
import type { Answers } from "../content/content";
import type { Rules } from "../content/rules";
import { Glance } from "./Glance";
import { Sheet } from "./Sheet";
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

/** Stage 1 on paper: without a name, with who printed it and when. */
export function PrintSheet({ rules, id, from, answers, created }: PrintSheetProps) {
  const { t, format } = useI18n();
  const { me } = useWard();
  const now = useNow();
  return (
    <div className="print-only print-sheet">
      <header>
        <p className="print-title">{t("print.title")}</p>
        <p>{t("print.from", { facility: from, date: format.date(created), id })}</p>
      </header>
      <Glance rules={rules} answers={answers} />
      <Sheet rules={rules} stage={1} answers={answers} />
      <footer>{t("print.by", { name: me.name, when: format.dateTime(now) })}</footer>
    </div>
  );
}
