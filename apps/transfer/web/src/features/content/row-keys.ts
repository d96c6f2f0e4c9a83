import { useRef, type RefObject } from "react";

import { useShortcuts } from "../../app/shortcuts";

/** `j` and `k` go through the links of a list; what else keys do there. */
export function useRowKeys<T extends HTMLElement>(more: Readonly<Record<string, (() => void) | undefined>> = {}): RefObject<T | null> {
  const list = useRef<T>(null);
  const step = (by: 1 | -1) => (): void => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("a.row-link") ?? [])];
    const at = rows.findIndex((row) => row === document.activeElement);
    const next = at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
    rows[next]?.focus();
  };
  useShortcuts({ j: step(1), k: step(-1), ...more });
  return list;
}
