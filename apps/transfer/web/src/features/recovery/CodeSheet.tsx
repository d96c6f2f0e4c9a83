// A QR code as a matrix, from a library without dependencies: encoding and its masks are nobody's to write again.
import { encodeQR } from "qr";
import { useMemo } from "react";
import { createPortal } from "react-dom";

import { useI18n } from "../../i18n/context";
import { groupsOf } from "../../ward/code-text";

/** Modules left free around a QR code. */
const QUIET = 4;

/** The dark modules of a matrix as a path of rectangles, one for each run. */
export function pathOf(matrix: readonly (readonly boolean[])[]): string {
  return matrix
    .flatMap((row, y) => {
      const runs: string[] = [];
      for (let x = 0; x < row.length; ) {
        if (row[x] !== true) {
          x++;
          continue;
        }
        const from = x;
        while (row[x] === true) x++;
        runs.push(`M${from} ${y}h${x - from}v1h${from - x}z`);
      }
      return runs;
    })
    .join("");
}

/** A text as a QR code, dark on light in every theme. */
export function Qr({ text, label }: { readonly text: string; readonly label: string }) {
  const { path, size } = useMemo(() => {
    const matrix = encodeQR(text, "raw", { ecc: "medium", border: QUIET });
    return { path: pathOf(matrix), size: matrix.length };
  }, [text]);
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} className="qr-light" />
      <path d={path} className="qr-dark" />
    </svg>
  );
}

/** The groups of a code, numbered, so that one of them can be asked for. */
export function CodeGroups({ code, label }: { readonly code: string; readonly label: string }) {
  return (
    <ol className="code-groups" aria-label={label}>
      {groupsOf(code).map((group, at) => (
        <li key={at}>
          <span className="code-group-at" aria-hidden="true">
            {at + 1}
          </span>
          <span aria-label={[...group].join(" ")}>
            {group}
          </span>
        </li>
      ))}
    </ol>
  );
}

interface CodePaperProps {
  readonly code: string;
  readonly name: string;
  readonly made: number;
}

/** The sheet: the code with name and date, and nothing of any patient. All that is printed while it is in the page. */
export function CodePaper({ code, name, made }: CodePaperProps) {
  const { t, format } = useI18n();
  return createPortal(
    <article className="code-paper print-only" aria-hidden="true">
      <header>
        <p>{t("common.product")}</p>
        <p className="code-paper-title">{t("codeSheet.title")}</p>
      </header>
      <dl>
        <div>
          <dt>{t("codeSheet.name")}</dt>
          <dd>{name}</dd>
        </div>
        <div>
          <dt>{t("codeSheet.made")}</dt>
          <dd>{format.date(made)}</dd>
        </div>
        <div>
          <dt>{t("codeSheet.where")}</dt>
          <dd>{location.origin}</dd>
        </div>
      </dl>
      <div className="code-paper-code">
        <CodeGroups code={code} label={t("codeSheet.code")} />
        <Qr text={code} label={t("codeSheet.qr")} />
      </div>
      <p>{t("codeSheet.how")}</p>
      <p>{t("codeSheet.keep")}</p>
    </article>,
    document.body,
  );
}
