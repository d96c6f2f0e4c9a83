import { useState } from "react";

import { Dialog, Toggle } from "../design";
import { useI18n } from "../i18n/context";
import { enableShortcuts, shortcutsEnabled } from "./shortcuts";

/** What keys do, and the switch that turns them off. */
export function KeyboardHelp({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { t } = useI18n();
  const rows: readonly (readonly [string, readonly string[]])[] = [
    [t("help.search"), ["/"]],
    [t("help.nextPrevious"), ["j", "k"]],
    [t("help.enter"), ["Enter"]],
    [t("help.escape"), ["Esc"]],
    [t("help.go"), ["g c", "g i", "g t"]],
    [t("help.answers"), ["i", "f", "o", "d", "w"]],
    [t("help.open"), ["?"]],
  ];
  return (
    <Dialog title={t("help.title")} isOpen={isOpen} onClose={onClose} size="s">
      <div className="stack">
        <ShortcutsToggle />
        <dl className="keys">
          {rows.map(([what, keys]) => (
            <div key={what} className="spread">
              <dt>{what}</dt>
              <dd className="row gap-1">
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  );
}

export function ShortcutsToggle() {
  const { t } = useI18n();
  const [enabled, setEnabled] = useState(shortcutsEnabled);
  return (
    <Toggle
      value={enabled}
      onChange={(value) => {
        enableShortcuts(value);
        setEnabled(value);
      }}
    >
      {t("help.enabled")}
    </Toggle>
  );
}
