import { Check, X } from "lucide-react";
import type { ReactNode } from "react";
import {
  Dialog as AriaDialog,
  Header,
  Heading,
  Menu as AriaMenu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
  Tab,
  TabList,
  TabPanel,
  Tabs as AriaTabs,
  Tooltip,
  TooltipTrigger,
  Focusable,
} from "react-aria-components";

import { useI18n } from "../i18n/context";
import { Button, IconButton } from "./Button";

export interface DialogProps {
  readonly title: ReactNode;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
  readonly size?: "s" | "m" | "l" | "full";
  /** `alertdialog` for what has to be answered; then a press beside it does not close it. */
  readonly role?: "dialog" | "alertdialog";
  readonly headerActions?: ReactNode;
}

/** Lets keyboards scroll a text that is longer than its dialog. */
function scrollable(body: HTMLDivElement | null): (() => void) | undefined {
  if (body === null) return undefined;
  const look = (): void => {
    if (body.scrollHeight > body.clientHeight) body.tabIndex = 0;
    else body.removeAttribute("tabindex");
  };
  const observer = new ResizeObserver(look);
  observer.observe(body);
  for (const child of body.children) observer.observe(child);
  return () => observer.disconnect();
}

/** A dialog over the page. Focus stays inside; Escape closes it. */
export function Dialog({ title, isOpen, onClose, children, footer, size = "m", role = "dialog", headerActions }: DialogProps) {
  const { t } = useI18n();
  return (
    <ModalOverlay className="modal-overlay" isOpen={isOpen} onOpenChange={(open) => (open ? undefined : onClose())} isDismissable={role === "dialog"}>
      <Modal className="modal" data-size={size}>
        <AriaDialog className="dialog" role={role}>
          <header className="dialog-header">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            <div className="row gap-1">
              {headerActions}
              <IconButton label={t("common.close")} icon={<X size={18} aria-hidden="true" />} size="s" onPress={onClose} />
            </div>
          </header>
          <div className="dialog-body" ref={scrollable}>
            {children}
          </div>
          {footer === undefined ? null : <footer className="dialog-footer">{footer}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface ConfirmProps extends Omit<DialogProps, "footer" | "role"> {
  /** What the button does, as a verb: never "OK". */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly isPending?: boolean;
  readonly isDisabled?: boolean;
  readonly tone?: "primary" | "danger";
  readonly error?: ReactNode;
}

/** A question with a summary, for what cannot be undone: disclosure, choice, revocation. */
export function Confirm({ action, onConfirm, isPending = false, isDisabled = false, tone = "primary", error, children, ...dialog }: ConfirmProps) {
  const { t } = useI18n();
  return (
    <Dialog
      {...dialog}
      role="alertdialog"
      footer={
        <>
          <Button onPress={dialog.onClose} isDisabled={isPending}>
            {t("common.cancel")}
          </Button>
          <Button variant={tone} onPress={onConfirm} isPending={isPending} isDisabled={isDisabled} autoFocus>
            {action}
          </Button>
        </>
      }
    >
      <div className="stack">
        {children}
        {error}
      </div>
    </Dialog>
  );
}

export interface MenuEntry {
  readonly id: string;
  readonly label: ReactNode;
  readonly icon?: ReactNode;
  readonly tone?: "danger";
  readonly isDisabled?: boolean;
  readonly isSelected?: boolean;
  readonly href?: string;
  readonly onAction?: () => void;
}

export interface MenuProps {
  /** The button that opens it. */
  readonly trigger: ReactNode;
  readonly label: string;
  readonly sections: readonly { readonly title?: string; readonly entries: readonly MenuEntry[] }[];
}

/** What can be done further. */
export function Menu({ trigger, label, sections }: MenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className="popover" offset={4}>
        <AriaMenu aria-label={label}>
          {sections.map((section, at) => (
            <MenuSection key={section.title ?? at} {...(section.title === undefined ? { "aria-label": label } : {})}>
              {section.title === undefined ? null : <Header className="menu-header">{section.title}</Header>}
              {section.entries.map((entry) => (
                <MenuItem
                  key={entry.id}
                  id={entry.id}
                  className="option"
                  data-tone={entry.tone}
                  textValue={typeof entry.label === "string" ? entry.label : entry.id}
                  isDisabled={entry.isDisabled ?? false}
                  {...(entry.href === undefined ? {} : { href: entry.href })}
                  {...(entry.onAction === undefined ? {} : { onAction: entry.onAction })}
                >
                  {entry.icon}
                  <span>{entry.label}</span>
                  {entry.isSelected === true ? <Check className="check" size={16} aria-hidden="true" /> : null}
                </MenuItem>
              ))}
            </MenuSection>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export interface TabsProps<T extends string> {
  readonly label: string;
  readonly tabs: readonly { readonly id: T; readonly title: ReactNode; readonly count?: number; readonly panel: ReactNode }[];
  readonly selected?: T;
  readonly onSelect?: (id: T) => void;
}

/** Parts of one subject, one at a time. */
export function Tabs<T extends string>({ label, tabs, selected, onSelect }: TabsProps<T>) {
  return (
    <AriaTabs
      className="tabs"
      {...(selected === undefined ? {} : { selectedKey: selected })}
      onSelectionChange={(key) => {
        const tab = tabs.find(({ id }) => id === key);
        if (tab !== undefined) onSelect?.(tab.id);
      }}
    >
      <TabList aria-label={label} className="tab-list">
        {tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id} className="tab">
            {tab.title}
            {tab.count === undefined ? null : <span className="count">{tab.count}</span>}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id}>
          {tab.panel}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}

/** Words about something when it is pointed at or focused. Never the only place where they stand. */
export function Tip({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <TooltipTrigger delay={400}>
      <Focusable>
        <span tabIndex={0}>{children}</span>
      </Focusable>
      <Tooltip className="tooltip" offset={6}>
        {text}
      </Tooltip>
    </TooltipTrigger>
  );
}
