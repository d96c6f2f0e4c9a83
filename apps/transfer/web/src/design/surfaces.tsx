import { AlertTriangle, Ban, Check, CheckCircle2, ChevronRight, Circle, CircleDot, Clock, Info, OctagonAlert } from "lucide-react";
import { useId, type HTMLAttributes, type ReactNode } from "react";
import { Button as AriaButton, Disclosure as AriaDisclosure, DisclosurePanel, Heading, Label, Link, ProgressBar } from "react-aria-components";

import { useI18n } from "../i18n/context";

/** How a state feels. The rules name one for each state; a tone is never shown without a word and an icon. */
export type Tone = "neutral" | "info" | "progress" | "wait" | "good" | "bad";

const toneIcons: Record<Tone, typeof Info> = {
  neutral: Circle,
  info: Info,
  progress: CircleDot,
  wait: Clock,
  good: CheckCircle2,
  bad: Ban,
};

export interface TagProps {
  readonly tone?: Tone;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
  /** Word and icon without a box. */
  readonly quiet?: boolean;
}

/** A state or a mark: word, icon and colour. */
export function Tag({ tone = "neutral", icon, children, quiet }: TagProps) {
  const Icon = toneIcons[tone];
  return (
    <span className="tag" data-tone={tone} data-quiet={quiet || undefined}>
      {icon ?? <Icon size={13} strokeWidth={2.4} aria-hidden="true" />}
      <span>{children}</span>
    </span>
  );
}

export interface CardProps extends Omit<HTMLAttributes<HTMLElement>, "title"> {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  readonly footer?: ReactNode;
  readonly tone?: Tone;
  readonly children: ReactNode;
  /** Without padding, for lists and tables. */
  readonly flush?: boolean;
  readonly level?: 2 | 3;
}

/** A surface with one subject. With a title it is a region of that name. */
export function Card({ title, actions, footer, tone, children, flush, level = 2, className, ...props }: CardProps) {
  const id = useId();
  const Title = `h${level}` as const;
  return (
    <section {...props} aria-labelledby={title === undefined ? undefined : id} className={className === undefined ? "card" : `card ${className}`} data-tone={tone}>
      {title === undefined ? null : (
        <header className="card-header">
          <Title id={id}>{title}</Title>
          {actions === undefined ? null : <div className="row">{actions}</div>}
        </header>
      )}
      {flush === true ? children : <div className="card-body">{children}</div>}
      {footer === undefined ? null : <footer className="card-footer">{footer}</footer>}
    </section>
  );
}

export interface CalloutProps {
  readonly tone: "info" | "wait" | "good" | "bad" | "neutral";
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  /** Read aloud when it appears: `alert` at once, `status` when there is a pause. */
  readonly role?: "alert" | "status";
}

/** Something to know before going on, with what to do about it. */
export function Callout({ tone, title, children, actions, role }: CalloutProps) {
  const Icon = { info: Info, neutral: Info, wait: AlertTriangle, good: CheckCircle2, bad: OctagonAlert }[tone];
  return (
    <div className="callout" data-tone={tone} role={role}>
      <Icon size={18} aria-hidden="true" />
      <div className="grow">
        {title === undefined ? null : <p className="callout-title">{title}</p>}
        {children === undefined ? null : <div>{children}</div>}
        {actions === undefined ? null : <div className="callout-actions">{actions}</div>}
      </div>
    </div>
  );
}

export interface EmptyProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  /** 1 where it is all there is on the page. */
  readonly level?: 1 | 2;
}

/** A place where nothing is yet, and what will be there. */
export function Empty({ icon, title, children, action, level = 2 }: EmptyProps) {
  const Heading: `h${1 | 2}` = `h${level}`;
  return (
    <div className="empty">
      <span className="empty-icon" aria-hidden="true">
        {icon}
      </span>
      <Heading>{title}</Heading>
      {children === undefined ? null : <p>{children}</p>}
      {action}
    </div>
  );
}

/** Grey lines where text will be. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }) {
  const { t } = useI18n();
  return (
    <div className="stack gap-3" role="status" aria-label={t("common.loading")}>
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} className={`skeleton skeleton-${at % 4}`} />
      ))}
    </div>
  );
}

export interface ProgressProps {
  readonly label: ReactNode;
  /** From 0 to 1; `null` when nobody knows how much there is. */
  readonly value: number | null;
  readonly detail?: ReactNode;
  readonly actions?: ReactNode;
}

/** Long work under way. */
export function Progress({ label, value, detail, actions }: ProgressProps) {
  return (
    <div className="row gap-3">
      <ProgressBar className="progress grow" value={(value ?? 0) * 100} isIndeterminate={value === null}>
        {({ percentage, valueText }) => (
          <>
            <div className="progress-head">
              <Label className="truncate">{label}</Label>
              <span className="nowrap">{detail ?? (value === null ? null : valueText)}</span>
            </div>
            <div className="progress-track">
              <div className="progress-bar" data-indeterminate={value === null || undefined} style={value === null ? undefined : { width: `${percentage ?? 0}%` }} />
            </div>
          </>
        )}
      </ProgressBar>
      {actions}
    </div>
  );
}

export interface Step {
  readonly title: string;
  readonly note?: ReactNode;
  readonly state: "done" | "current" | "later";
}

/** A few steps in their order, such as "who can see what now". */
export function Steps({ label, steps }: { readonly label: string; readonly steps: readonly Step[] }) {
  const { t } = useI18n();
  return (
    <ol className="steps" aria-label={label}>
      {steps.map((step, at) => (
        <li key={step.title} className="step" data-state={step.state} aria-current={step.state === "current" ? "step" : undefined}>
          <span className="step-mark" aria-hidden="true">
            {step.state === "done" ? <Check size={14} strokeWidth={3} /> : at + 1}
          </span>
          <span className="step-title">
            {step.title}
            {step.state === "done" ? <span className="visually-hidden"> ({t("common.done")})</span> : null}
          </span>
          {step.note === undefined ? null : <span className="step-note">{step.note}</span>}
        </li>
      ))}
    </ol>
  );
}

export interface Fact {
  readonly label: string;
  readonly value: ReactNode;
}

/** Labels and values. `columns` sets them side by side, for a glance. */
export function Facts({ facts, columns }: { readonly facts: readonly Fact[]; readonly columns?: boolean }) {
  if (columns === true) {
    return (
      <dl className="facts" data-columns>
        {facts.map((fact) => (
          <div key={fact.label}>
            <dt>{fact.label}</dt>
            <dd>{fact.value}</dd>
          </div>
        ))}
      </dl>
    );
  }
  return (
    <dl className="facts">
      {facts.flatMap((fact) => [<dt key={`${fact.label}.`}>{fact.label}</dt>, <dd key={fact.label}>{fact.value}</dd>])}
    </dl>
  );
}

export interface DisclosureProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly open?: boolean;
  readonly trailing?: ReactNode;
}

/** Something more, when it is asked for. */
export function Disclosure({ title, children, open = false, trailing }: DisclosureProps) {
  return (
    <AriaDisclosure className="disclosure" defaultExpanded={open}>
      <Heading level={3} className="disclosure-heading">
        <AriaButton slot="trigger" className="disclosure-button">
          <ChevronRight size={16} aria-hidden="true" />
          <span className="grow">{title}</span>
          {trailing}
        </AriaButton>
      </Heading>
      <DisclosurePanel className="disclosure-panel">{children}</DisclosurePanel>
    </AriaDisclosure>
  );
}

/** A list of which each row leads somewhere. */
export function RowLink({ href, current, children }: { readonly href: string; readonly current?: boolean; readonly children: ReactNode }) {
  return (
    <Link href={href} className="row-link" aria-current={current === true ? "true" : undefined}>
      {children}
    </Link>
  );
}
