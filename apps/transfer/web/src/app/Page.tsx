import { ArrowLeft } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import { Link } from "react-aria-components";

import { useI18n } from "../i18n/context";

export interface PageProps {
  /** The heading, and the title of the tab. Never anything of a patient: titles end up in histories. */
  readonly title: string;
  readonly heading?: ReactNode;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly back?: { readonly href: string; readonly label: string };
  /** Beneath the heading, and stays in sight with it. */
  readonly sticky?: ReactNode;
  readonly children: ReactNode;
  /** `read` for text, `wide` for lists beside details. */
  readonly width?: "read" | "normal" | "wide";
}

/** One screen: its heading, what can be done, its content. */
export function Page({ title, heading, lead, actions, back, sticky, children, width = "normal" }: PageProps) {
  const { t } = useI18n();
  const focus = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t("common.product")}`;
  }, [title, t]);
  // A screen reader hears where one has come to; the very first screen leaves focus alone.
  useEffect(() => {
    if (document.activeElement !== document.body && document.activeElement?.closest("nav") == null) return;
    focus.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className="page" data-width={width}>
      <header className="page-header">
        {back === undefined ? null : (
          <Link href={back.href} className="page-back no-print">
            <ArrowLeft size={16} aria-hidden="true" />
            {back.label}
          </Link>
        )}
        <div className="spread">
          <div className="grow">
            <h1 ref={focus} tabIndex={-1}>
              {heading ?? title}
            </h1>
            {lead === undefined ? null : <p className="soft small">{lead}</p>}
          </div>
          {actions === undefined ? null : <div className="row no-print">{actions}</div>}
        </div>
        {sticky}
      </header>
      {children}
    </div>
  );
}
