import { useEffect, useEffectEvent } from "react";

/** Shortcuts of one key can be switched off (WCAG 2.1.4). */
const OFF = "wardseal.shortcuts.off";

export function shortcutsEnabled(): boolean {
  return localStorage.getItem(OFF) === null;
}

export function enableShortcuts(enabled: boolean): void {
  if (enabled) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

/** Whether what is typed belongs to a field, a menu or a dialog. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest("input, textarea, select, [contenteditable], [role=listbox], [role=menu], [role=spinbutton], [role=dialog], [role=alertdialog], [role=radiogroup]") != null;
}

/** What keys do on a screen: `{ j: next, "g c": toCases }`. Not while somebody types, nor while a dialog is open. */
export function useShortcuts(actions: Readonly<Record<string, (() => void) | undefined>>): void {
  const onKey = useEffectEvent((event: KeyboardEvent, before: string) => {
    const action = actions[`${before} ${event.key}`.trim()] ?? (before === "" ? undefined : actions[event.key]);
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
  useEffect(() => {
    let before = "";
    let at = 0;
    const listener = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
      if (!shortcutsEnabled() || isTyping(event) || document.querySelector(".modal-overlay") !== null) return;
      onKey(event, event.timeStamp - at < 1_000 ? before : "");
      before = event.key === "g" ? "g" : "";
      at = event.timeStamp;
    };
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}
