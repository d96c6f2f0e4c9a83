import type { ReactNode } from "react";
import { Button as AriaButton, Link as AriaLink, ProgressBar, ToggleButton, ToggleButtonGroup, TooltipTrigger, Tooltip, type ButtonProps as AriaButtonProps, type Key, type LinkProps as AriaLinkProps } from "react-aria-components";

import { useI18n } from "../i18n/context";

/** One primary per state of a screen; `danger` only where something is lost. */
export type ButtonVariant = "primary" | "secondary" | "quiet" | "danger" | "danger-quiet";

interface Look {
  readonly variant?: ButtonVariant;
  readonly size?: "s" | "m" | "l";
  readonly icon?: ReactNode;
  readonly wide?: boolean;
}

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children">, Look {
  readonly children?: ReactNode;
}

/** Turns while something is under way, and says so. */
function Spinner() {
  const { t } = useI18n();
  return <ProgressBar className="spinner" aria-label={t("common.loading")} isIndeterminate />;
}

/** A button. `isPending` shows that its work is under way and refuses further presses. */
export function Button({ variant = "secondary", size = "m", icon, wide, children, ...props }: ButtonProps) {
  return (
    <AriaButton {...props} className="button" data-variant={variant} data-size={size} data-wide={wide || undefined}>
      {props.isPending === true ? <Spinner /> : icon}
      {children}
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "icon" | "children" | "aria-label"> {
  /** What it does, in words: read aloud, and shown when it is pointed at. */
  readonly label: string;
  readonly icon: ReactNode;
}

/** A button of which the word is shown on demand only. */
export function IconButton({ label, icon, variant = "quiet", size = "m", ...props }: IconButtonProps) {
  return (
    <TooltipTrigger delay={400}>
      <AriaButton {...props} aria-label={label} className="button" data-variant={variant} data-size={size} data-icon-only>
        {props.isPending === true ? <Spinner /> : icon}
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}

export interface LinkButtonProps extends Omit<AriaLinkProps, "className" | "style" | "children">, Look {
  readonly children: ReactNode;
}

/** A link that looks like a button: it leads somewhere. */
export function LinkButton({ variant = "secondary", size = "m", icon, wide, children, ...props }: LinkButtonProps) {
  return (
    <AriaLink {...props} className="button" data-variant={variant} data-size={size} data-wide={wide || undefined}>
      {icon}
      {children}
    </AriaLink>
  );
}

export interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly { readonly value: T; readonly label: ReactNode; readonly icon?: ReactNode }[];
}

/** A few choices beside one another, one of them taken. */
export function Segments<T extends string>({ label, value, onChange, options }: SegmentsProps<T>) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      className="segments"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys: Set<Key>) => {
        const [first] = keys;
        const taken = options.find((option) => option.value === first);
        if (taken !== undefined) onChange(taken.value);
      }}
    >
      {options.map((option) => (
        <ToggleButton key={option.value} id={option.value} className="segment">
          {option.icon}
          {option.label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
