import { X } from "lucide-react";
import { Button as AriaButton, UNSTABLE_Toast as Toast, UNSTABLE_ToastContent as ToastContent, UNSTABLE_ToastQueue as ToastQueue, UNSTABLE_ToastRegion as ToastRegion, Text } from "react-aria-components";

import { useI18n } from "../i18n/context";

interface Message {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

const queue = new ToastQueue<Message>({ maxVisibleToasts: 3 });

/** Milliseconds for which a message stays: long enough to read, and to press "undo". */
const STAYS = 10_000;

/** Says that something has happened, politely, at the edge of the page. With an action, such as "undo", for ten seconds. */
export function toast(text: string, action?: Message["action"]): void {
  queue.add(action === undefined ? { text } : { text, action }, { timeout: STAYS });
}

/** Takes all messages away: they may name somebody, and their "undo" is for whoever caused them. */
export function clearToasts(): void {
  queue.clear();
}

/** Where messages appear. Once in the page. */
export function Toasts() {
  const { t } = useI18n();
  return (
    <ToastRegion queue={queue} className="toasts" aria-label={t("common.messages")}>
      {({ toast: shown }) => (
        <Toast toast={shown} className="toast">
          <ToastContent className="grow">
            <Text slot="title">{shown.content.text}</Text>
          </ToastContent>
          {shown.content.action === undefined ? null : (
            <AriaButton
              className="button"
              data-size="s"
              onPress={() => {
                shown.content.action?.run();
                queue.close(shown.key);
              }}
            >
              {shown.content.action.label}
            </AriaButton>
          )}
          <AriaButton slot="close" className="button" data-size="s" data-icon-only aria-label={t("common.close")}>
            <X size={16} aria-hidden="true" />
          </AriaButton>
        </Toast>
      )}
    </ToastRegion>
  );
}
