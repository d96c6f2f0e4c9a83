import type { ReactNode } from "react";

import { Button, Callout } from "../design";
import { useI18n } from "../i18n/context";
import { errorText } from "./errors";

export interface ErrorNoteProps {
  /** Nothing is shown for `null` and `undefined`. */
  readonly error: unknown;
  readonly onRetry?: () => void;
  readonly title?: ReactNode;
}

/** What went wrong, in words, with what to do. Read aloud at once. */
export function ErrorNote({ error, onRetry, title }: ErrorNoteProps) {
  const i18n = useI18n();
  if (error === null || error === undefined) return null;
  return (
    <Callout
      tone="bad"
      role="alert"
      title={title ?? i18n.t("error.title")}
      actions={
        onRetry === undefined ? undefined : (
          <Button size="s" onPress={onRetry}>
            {i18n.t("common.retry")}
          </Button>
        )
      }
    >
      {errorText(error, i18n)}
    </Callout>
  );
}
